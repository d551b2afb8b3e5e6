@echo off
rem Puts the setting and the rows back as they were before apply.
setlocal
set "DATABASE=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
set "STORE=%ProgramData%\Muster\tzdata\%MUSTER_BATCH%"
if not exist "%STORE%\ready" goto no_backup
reg import "%STORE%\setting.reg" >nul 2>nul
if errorlevel 1 goto failed
set "OLD="
for /f "delims=" %%z in ('type "%STORE%\zone.txt"') do set "OLD=%%z"
if exist "%SystemRoot%\System32\tzutil.exe" "%SystemRoot%\System32\tzutil.exe" /s "%OLD%"
reg delete "%DATABASE%\%MUSTER_KEY%" /f >nul 2>nul
if not exist "%STORE%\zone.reg" goto restored
reg import "%STORE%\zone.reg" >nul 2>nul
if errorlevel 1 goto failed
:restored
echo changed	registry rows and zone as they were before: %OLD%
rmdir /s /q "%STORE%"
echo done	rollback
exit /b 0

:no_backup
echo error	there is no backup in %STORE%; nothing was changed
echo done	rollback
exit /b 1

:failed
echo error	the backup in %STORE% could not be put back
echo done	rollback
exit /b 1
