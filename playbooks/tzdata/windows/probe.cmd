@echo off
rem Asks for the zone this host is set to, and for the rows of that zone and of the one it shall be set to.
rem What they mean at the instants that matter is computed from them (answers.py). Changes nothing.
setlocal
set "DATABASE=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
set "SETTING=HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
set "CURRENT="
for /f "tokens=1,2,*" %%a in ('reg query "%SETTING%" /v TimeZoneKeyName') do if "%%a"=="TimeZoneKeyName" set "CURRENT=%%c"
if not defined CURRENT goto no_zone
echo fact	windows	zone	%CURRENT%
call :ask "%MUSTER_KEY%"
if not "%CURRENT%"=="%MUSTER_KEY%" call :ask "%CURRENT%"
set "SHELL=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
if exist "%SHELL%" "%SHELL%" -NoProfile -NonInteractive -Command "$k=$env:MUSTER_KEY; try { $z=[TimeZoneInfo]::FindSystemTimeZoneById($k); foreach ($i in $env:MUSTER_INSTANTS.Split(' ')) { $o=$z.GetUtcOffset([DateTimeOffset]::Parse($i)); $s='+'; if ($o.Ticks -lt 0) { $s='-' }; 'fact','dotnet',($k+' '+$i),($s+$o.ToString('hhmm')) -join [char]9 } } catch { 'note','.NET does not know the zone '+$k -join [char]9 }"
echo done	probe
exit /b 0

:no_zone
echo error	the registry does not say which time zone this host is set to
echo done	probe
exit /b 0

:ask
reg query "%DATABASE%\%~1" /v TZI >nul 2>nul
if errorlevel 1 goto ask_missing
for /f "tokens=1,2,*" %%a in ('reg query "%DATABASE%\%~1" /v TZI') do if "%%b"=="REG_BINARY" echo fact	windows %~1	%%a	%%c
reg query "%DATABASE%\%~1\Dynamic DST" >nul 2>nul
if errorlevel 1 exit /b 0
for /f "tokens=1,2,*" %%a in ('reg query "%DATABASE%\%~1\Dynamic DST"') do if not "%%c"=="" echo fact	windows %~1	%%a	%%c
exit /b 0

:ask_missing
echo fact	windows %~1	TZI	missing
exit /b 0
