@echo off
rem Asks the machine's store of trusted roots, by its registry: the new root, whole, and whether old ones are left.
rem What the new root's bytes are is judged where they are known (playbooks/certificates.py). Changes nothing.
setlocal
set "STORES=HKLM\SOFTWARE\Microsoft\SystemCertificates"
reg query "%STORES%\ROOT" >nul 2>nul
if errorlevel 1 goto no_store
set "NEW=missing"
reg query "%STORES%\ROOT\Certificates\%MUSTER_THUMBPRINT%" /v Blob >nul 2>nul
if errorlevel 1 goto ask_old
for /f "tokens=1,2,*" %%a in ('reg query "%STORES%\ROOT\Certificates\%MUSTER_THUMBPRINT%" /v Blob') do if "%%b"=="REG_BINARY" set "NEW=%%c"
:ask_old
echo fact	windows	blob	%NEW%
for %%t in (%MUSTER_OLD_THUMBPRINTS%) do call :old %%t
echo done	probe
exit /b 0

:old
reg query "%STORES%\ROOT\Certificates\%1" >nul 2>nul
if not errorlevel 1 goto old_is_there
reg query "%STORES%\AuthRoot\Certificates\%1" >nul 2>nul
if not errorlevel 1 goto old_is_there
exit /b 0
:old_is_there
echo fact	windows	old	%1
exit /b 0

:no_store
echo error	this host has no store of trusted roots in its registry
echo done	probe
exit /b 0
