/* Copyright (c) 2026 the mlfleet authors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Starts one raw command line as a WinRM service does: CreateProcessW, unchanged, in a job of its own.
 *
 *   launch.exe <request file> <answer file>
 *   launch.exe keep
 *
 * The request holds NUL-terminated UTF-16 strings: the command line, then NAME=VALUE for the environment.
 * A file, because argv passing through Unix would be quoted again, and because a Windows command line ends at
 * 32,767 characters, which an encoded form of a long line exceeds.
 * The answer gets two little-endian 32-bit numbers: the CreateProcessW error (0: started) as soon as it is known, and
 * the exit code at the end, because a Unix exit status keeps only 8 bits of a Windows one.
 */
#include <windows.h>

static BOOL write_number(HANDLE answer, DWORD number)
{
    DWORD written;
    return WriteFile(answer, &number, sizeof number, &written, NULL) && written == sizeof number;
}

static wchar_t *read_request(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return NULL;
    DWORD size = GetFileSize(file, NULL), got = 0;
    /* Zeroed and two characters longer: the empty string that ends the list is always there. */
    wchar_t *text = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size + 2 * sizeof(wchar_t));
    BOOL complete = text && ReadFile(file, text, size, &got, NULL) && got == size;
    CloseHandle(file);
    return complete ? text : NULL;
}

static void set_environment(wchar_t *entry)
{
    for (wchar_t *next; *entry; entry = next) {
        wchar_t *equals = wcschr(entry, L'=');
        next = entry + wcslen(entry) + 1;
        if (!equals) continue;
        *equals = 0;
        SetEnvironmentVariableW(entry, equals + 1);
    }
}

static HANDLE job_ended_with_this_process(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static DWORD start(wchar_t *command_line, PROCESS_INFORMATION *process)
{
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    wchar_t profile[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"USERPROFILE", profile, MAX_PATH);
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, command_line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL,
                        length && length < MAX_PATH ? profile : NULL, &startup, process))
        return GetLastError();
    AssignProcessToJobObject(job_ended_with_this_process(), process->hProcess);
    ResumeThread(process->hThread);
    return 0;
}

static int run(const wchar_t *request_path, const wchar_t *answer_path)
{
    PROCESS_INFORMATION process;
    DWORD error, code = 0;
    HANDLE answer = CreateFileW(answer_path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                NULL, OPEN_EXISTING, 0, NULL);
    wchar_t *request = read_request(request_path);
    if (answer == INVALID_HANDLE_VALUE || !request) return 1;
    set_environment(request + wcslen(request) + 1);
    error = start(request, &process);
    if (!write_number(answer, error) || error) return 1;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return write_number(answer, code) ? 0 : 1;
}

/* While one Windows program runs, Wine keeps its server and its services: a command then starts in a tenth of the time.
 * It ends when the standard input does, so nothing outlives a test run that was killed. The byte says that the services
 * are up: they inherit the standard streams of whichever program brought them up, and would hold a command's open. */
static int keep(void)
{
    char byte = '+';
    DWORD count;
    if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &byte, 1, &count, NULL)) return 1;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &count, NULL) && count) {}
    return 0;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc == 2 && !wcscmp(argv[1], L"keep")) return keep();
    return argc == 3 ? run(argv[1], argv[2]) : 2;
}
