/* Runs one line of cmd under Wine for tests/fleet/winrm_wine.py, and keeps its whole exit code.
 *
 * Usage: launcher FOLDER, a Windows path without spaces. FOLDER\line holds the line in UTF-8; the exit code (32 bits,
 * where a Unix exit status keeps 8) is written to FOLDER\code; when FOLDER\stop appears, everything that was begun is
 * ended.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static wchar_t *path(const wchar_t *folder, const wchar_t *name)
{
    wchar_t *made = calloc(wcslen(folder) + wcslen(name) + 2, sizeof(wchar_t));
    swprintf(made, wcslen(folder) + wcslen(name) + 2, L"%ls\\%ls", folder, name);
    return made;
}

static wchar_t *command(const wchar_t *folder)
{
    static char raw[65536];
    static wchar_t line[65536];
    FILE *file = _wfopen(path(folder, L"line"), L"rb");
    size_t length = file ? fread(raw, 1, sizeof raw - 1, file) : 0;
    wcscpy(line, L"cmd.exe /c ");
    MultiByteToWideChar(CP_UTF8, 0, raw, (int)length, line + 11, 65536 - 12);
    if (file) fclose(file);
    return line;
}

int wmain(int count, wchar_t **words)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limit = {0};
    DWORD code = 1;
    if (count < 2) return 1;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    limit.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limit, sizeof limit);
    if (!CreateProcessW(NULL, command(words[1]), NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, &process))
        return 1;
    AssignProcessToJobObject(job, process.hProcess);
    ResumeThread(process.hThread);
    while (WaitForSingleObject(process.hProcess, 20) == WAIT_TIMEOUT)
        if (GetFileAttributesW(path(words[1], L"stop")) != INVALID_FILE_ATTRIBUTES) TerminateJobObject(job, 1);
    GetExitCodeProcess(process.hProcess, &code);
    FILE *file = _wfopen(path(words[1], L"code"), L"wb");
    if (file) { fprintf(file, "%lu", code); fclose(file); }
    return 0;
}
