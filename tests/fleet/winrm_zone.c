/* Says what this Windows makes of a zone's registry rows: behaviour, not bytes.
 *
 * Usage: zone KEY YEAR-MONTH-DAYTHOUR:MINUTE..., instants in UTC. One line per instant: minutes to add to UTC.
 */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

static long long ticks(const SYSTEMTIME *time)
{
    FILETIME file;
    SystemTimeToFileTime(time, &file);
    return ((long long)file.dwHighDateTime << 32 | file.dwLowDateTime) / 600000000LL;
}

int wmain(int count, wchar_t **words)
{
    DYNAMIC_TIME_ZONE_INFORMATION zone = {0};
    if (count < 3) return 2;
    for (DWORD index = 0; EnumDynamicTimeZoneInformation(index, &zone) == ERROR_SUCCESS; index++)
        if (!wcscmp(zone.TimeZoneKeyName, words[1])) break;
    if (wcscmp(zone.TimeZoneKeyName, words[1])) return 3;
    zone.DynamicDaylightTimeDisabled = FALSE;
    for (int i = 2; i < count; i++) {
        SYSTEMTIME utc = {0}, local;
        TIME_ZONE_INFORMATION rules;
        int year, month, day, hour, minute;
        if (swscanf(words[i], L"%d-%d-%dT%d:%d", &year, &month, &day, &hour, &minute) != 5) return 4;
        utc.wYear = year; utc.wMonth = month; utc.wDay = day; utc.wHour = hour; utc.wMinute = minute;
        if (!GetTimeZoneInformationForYear(utc.wYear, &zone, &rules)) return 5;
        if (!SystemTimeToTzSpecificLocalTime(&rules, &utc, &local)) return 6;
        printf("%lld\n", ticks(&local) - ticks(&utc));
    }
    return 0;
}
