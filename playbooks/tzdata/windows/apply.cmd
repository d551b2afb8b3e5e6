@echo off
rem Backs up, imports the rows (the payload), switches the host to the zone where it stands on one that it replaces,
rem and lets Windows read its zone anew. The database comes first, then the setting. Idempotent.
setlocal
set "DATABASE=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
set "SETTING=HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
set "STORE=%ProgramData%\Muster\tzdata\%MUSTER_BATCH%"
call :current
if not exist "%STORE%\ready" call :backup
if not exist "%STORE%\ready" goto no_backup
call :rows
set "BEFORE=%ROWS%"
reg import payload >nul 2>nul
if errorlevel 1 goto no_import
call :rows
if not "%ROWS%"=="%BEFORE%" echo changed	registry rows of %MUSTER_KEY%
if "%ROWS%"=="%BEFORE%" echo note	the registry had the rows of %MUSTER_KEY% already
set "SWITCH="
for %%f in (%MUSTER_REPLACES%) do if "%%~f"=="%CURRENT%" set "SWITCH=yes"
if defined SWITCH call :set_zone
if "%CURRENT%"=="%MUSTER_KEY%" call :reload
echo note	programs that are running keep the old rules until they are started again
echo done	apply
exit /b 0

:current
set "CURRENT="
for /f "tokens=1,2,*" %%a in ('reg query "%SETTING%" /v TimeZoneKeyName') do if "%%a"=="TimeZoneKeyName" set "CURRENT=%%c"
exit /b 0

:backup
if not exist "%STORE%" md "%STORE%"
reg export "%SETTING%" "%STORE%\setting.reg" /y >nul 2>nul
if errorlevel 1 exit /b 1
reg query "%DATABASE%\%MUSTER_KEY%" >nul 2>nul
if errorlevel 1 goto backed_up
reg export "%DATABASE%\%MUSTER_KEY%" "%STORE%\zone.reg" /y >nul 2>nul
if errorlevel 1 exit /b 1
:backed_up
echo %CURRENT%> "%STORE%\zone.txt"
echo ready> "%STORE%\ready"
echo changed	backup in %STORE%
exit /b 0

:rows
set "ROWS="
reg query "%DATABASE%\%MUSTER_KEY%" /s >nul 2>nul
if errorlevel 1 exit /b 0
for /f "tokens=1,2,*" %%a in ('reg query "%DATABASE%\%MUSTER_KEY%" /s') do if not "%%c"=="" call :add "%%a" "%%c"
exit /b 0

:add
set "ROWS=%ROWS%%~1=%~2;"
exit /b 0

:set_zone
if exist "%SystemRoot%\System32\tzutil.exe" goto set_zone_by_tool
reg add "%SETTING%" /v TimeZoneKeyName /t REG_SZ /d "%MUSTER_KEY%" /f >nul 2>nul
if errorlevel 1 goto no_switch
echo note	there is no tzutil: the zone was written to the registry and holds from the next start
goto switched
:set_zone_by_tool
"%SystemRoot%\System32\tzutil.exe" /s "%MUSTER_KEY%"
if errorlevel 1 goto no_switch
:switched
echo changed	zone of this host from %CURRENT% to %MUSTER_KEY%
exit /b 0
:no_switch
echo error	the zone of this host could not be set to %MUSTER_KEY%
exit /b 1

:reload
if exist "%SystemRoot%\System32\tzutil.exe" "%SystemRoot%\System32\tzutil.exe" /s "%MUSTER_KEY%"
exit /b 0

:no_backup
echo error	no backup could be made in %STORE%; nothing was changed
echo done	apply
exit /b 1

:no_import
echo error	the rows could not be imported; roll back from %STORE%
echo done	apply
exit /b 1
