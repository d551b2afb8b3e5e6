@echo off
rem Backs up, imports the new root (the payload), and deletes the old ones. With MUSTER_CHECK=1 it only says so.
setlocal
set "STORES=HKLM\SOFTWARE\Microsoft\SystemCertificates"
set "KEPT=%ProgramData%\Muster\ca-certificates\%MUSTER_BATCH%"
set "TOUCHED="
if defined MUSTER_CHECK goto changes
if not exist "%KEPT%" md "%KEPT%"
if exist "%KEPT%\ready" goto changes
call :keep ROOT %MUSTER_THUMBPRINT%
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :keep ROOT %%t
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :keep AuthRoot %%t
echo ready> "%KEPT%\ready"
if not exist "%KEPT%\ready" goto no_backup
:changes
reg query "%STORES%\ROOT\Certificates\%MUSTER_THUMBPRINT%" /v Blob >nul 2>nul
if errorlevel 1 call :import
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :remove ROOT %%t
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :remove AuthRoot %%t
if defined FAILED goto failed
if not defined TOUCHED echo note	every store was right already
echo done	%MUSTER_STEP%
exit /b 0

:keep
reg query "%STORES%\%1\Certificates\%2" >nul 2>nul
if errorlevel 1 exit /b 0
reg export "%STORES%\%1\Certificates\%2" "%KEPT%\%1-%2.reg" /y >nul 2>nul
exit /b 0

:import
set "TOUCHED=yes"
if defined MUSTER_CHECK echo would	import %MUSTER_SUBJECT% into the machine's trusted roots
if defined MUSTER_CHECK exit /b 0
reg import payload >nul 2>nul
if errorlevel 1 set "FAILED=the new root could not be imported"
if not defined FAILED echo changed	imported %MUSTER_SUBJECT% into the machine's trusted roots
exit /b 0

:remove
reg query "%STORES%\%1\Certificates\%2" >nul 2>nul
if errorlevel 1 exit /b 0
set "TOUCHED=yes"
if defined MUSTER_CHECK echo would	delete %2 from %1
if defined MUSTER_CHECK exit /b 0
if not exist "%KEPT%\%1-%2.reg" set "FAILED=there is no backup of %2"
if not exist "%KEPT%\%1-%2.reg" exit /b 0
reg delete "%STORES%\%1\Certificates\%2" /f >nul 2>nul
if errorlevel 1 set "FAILED=%2 could not be deleted from %1"
if not defined FAILED echo changed	deleted %2 from %1
exit /b 0

:no_backup
echo error	no backup could be made in %KEPT%; nothing was changed
echo done	%MUSTER_STEP%
exit /b 1

:failed
echo error	%FAILED%
echo done	%MUSTER_STEP%
exit /b 1
