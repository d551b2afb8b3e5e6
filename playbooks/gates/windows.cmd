@echo off
rem What a Windows host is asked before it is pushed; changes nothing. Facts of the layer "gate": see push/gates_ready.py.
rem MUSTER_GATE_BACKUP is a path, with * in its last part; empty when nobody asks for a backup.
setlocal
set "FREE="
rem The last line of dir says how many bytes are free, in every language as its third word.
for /f "tokens=3" %%a in ('dir /-c /a "%SystemDrive%\" 2^>nul') do set "FREE=%%a"
if not defined FREE goto reboot
set "FREE=%FREE:,=%"
set "FREE=%FREE:.=%"
echo fact	gate	disk_free_bytes	%FREE%

:reboot
set "REBOOT=no"
reg query "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager" /v PendingFileRenameOperations >nul 2>nul
if not errorlevel 1 set "REBOOT=yes: files are to be renamed at the next start"
reg query "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired" >nul 2>nul
if not errorlevel 1 set "REBOOT=yes: Windows Update"
reg query "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending" >nul 2>nul
if not errorlevel 1 set "REBOOT=yes: Windows servicing"
echo fact	gate	reboot_pending	%REBOOT%

if not defined MUSTER_GATE_BACKUP goto done
if not exist "%MUSTER_GATE_BACKUP%" goto no_backup
set "SHELL=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
if exist "%SHELL%" "%SHELL%" -NoProfile -NonInteractive -Command "$f=Get-Item -Path $env:MUSTER_GATE_BACKUP -Force | Sort-Object LastWriteTimeUtc | Select-Object -Last 1; 'fact','gate','backup_age_s',[string][int64]([DateTime]::UtcNow-$f.LastWriteTimeUtc).TotalSeconds -join [char]9"
goto done

:no_backup
echo fact	gate	backup_age_s	none

:done
echo done	probe
exit /b 0
