@echo off
rem Puts the store of trusted roots back as it was before apply.
setlocal
set "STORES=HKLM\SOFTWARE\Microsoft\SystemCertificates"
set "KEPT=%ProgramData%\Muster\ca-certificates\%MUSTER_BATCH%"
if not exist "%KEPT%\ready" goto nothing
if not exist "%KEPT%\ROOT-%MUSTER_THUMBPRINT%.reg" call :forget
call :restore ROOT %MUSTER_THUMBPRINT%
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :restore ROOT %%t
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :restore AuthRoot %%t
if defined FAILED goto failed
rmdir /s /q "%KEPT%"
echo done	rollback
exit /b 0

:forget
reg query "%STORES%\ROOT\Certificates\%MUSTER_THUMBPRINT%" >nul 2>nul
if errorlevel 1 exit /b 0
reg delete "%STORES%\ROOT\Certificates\%MUSTER_THUMBPRINT%" /f >nul 2>nul
if errorlevel 1 set "FAILED=%MUSTER_THUMBPRINT% could not be deleted"
if not defined FAILED echo changed	deleted %MUSTER_THUMBPRINT% from ROOT
exit /b 0

:restore
if not exist "%KEPT%\%1-%2.reg" exit /b 0
reg import "%KEPT%\%1-%2.reg" >nul 2>nul
if errorlevel 1 set "FAILED=%2 could not be put back into %1"
if not defined FAILED echo changed	restored %2 in %1
exit /b 0

:nothing
echo note	nothing was ever changed here
echo done	rollback
exit /b 0

:failed
echo error	%FAILED%
echo done	rollback
exit /b 1
