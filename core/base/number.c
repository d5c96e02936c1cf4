/* Numbers as text in the C locale: thin covers of strtoll, strtod and printf. */
#include "core/base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t c_locale;

/* Never freed: the C library keeps the C locale in static memory. */
static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t locale_of_c(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale;
}

/* strtoll and strtod skip blanks in front, which are no part of a number here. */
static int starts_number(const char *text)
{
    return *text > ' ';
}

enum mcd_number mcd_number_int(const char *text, int64_t *out)
{
    char *end;
    if (!starts_number(text))
        return MCD_NUMBER_NONE;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end)
        return MCD_NUMBER_NONE;
    if (errno == ERANGE)
        return MCD_NUMBER_OVERFLOW;
    *out = value;
    return MCD_NUMBER_OK;
}

enum mcd_number mcd_number_real(const char *text, double *out)
{
    char *end;
    if (!starts_number(text))
        return MCD_NUMBER_NONE;
    errno = 0;
    double value = strtod_l(text, &end, locale_of_c());
    if (end == text || *end)
        return MCD_NUMBER_NONE;
    if (errno == ERANGE && fabs(value) > 1)
        return MCD_NUMBER_OVERFLOW;
    *out = value;
    return MCD_NUMBER_OK;
}

struct mcd_digits mcd_number_show(double x)
{
    struct mcd_digits d;
    locale_t users = uselocale(locale_of_c());
    if (x == trunc(x) && fabs(x) < 1e15) { /* 540 rather than 5.4e+02; -0 keeps its sign */
        snprintf(d.text, sizeof d.text, "%.0f", x);
        uselocale(users);
        return d;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(d.text, sizeof d.text, "%.*g", digits, x);
        if (strtod(d.text, NULL) == x)
            break;
    }
    uselocale(users);
    return d;
}

int mcd_number_format(char *text, size_t size, const char *format, va_list args)
{
    locale_t users = uselocale(locale_of_c());
    int length = vsnprintf(text, size, format, args);
    uselocale(users);
    return length;
}
