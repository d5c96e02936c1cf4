/* Values with errors: how many decimals, and which power of ten. */
#include "core/report/quantity.h"

#include "core/base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* No more decimals than a double has behind a point in front of which something stands. */
enum { MOST_DECIMALS = 12, LARGE = 7, SMALL = -4 };

__attribute__((format(printf, 3, 4))) static void show(char *text, size_t size, const char *format,
                                                       ...)
{
    va_list args;
    va_start(args, format);
    mcd_number_format(text, size, format, args);
    va_end(args);
}

/* The power of ten of the first digit; 0 for 0. With 15 digits 1e-20 is what was written. */
static int magnitude(double x)
{
    char text[40];
    show(text, sizeof text, "%.14e", x);
    const char *e = strchr(text, 'e');
    return e && x != 0 ? (int)strtol(e + 1, NULL, 10) : 0;
}

/* In two steps, because 10^-320 is none that a double can hold. */
static double scale(double x, int exponent)
{
    return x / pow(10, exponent / 2) / pow(10, exponent - exponent / 2);
}

/* Decimals that an error supports: its second digit counts where the three first are below 355. */
static int decimals_of_error(double error)
{
    char text[40];
    show(text, sizeof text, "%.2e", error);
    int three = (text[0] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    int power = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    return three < 355 ? 1 - power : -power;
}

static int decimals_of_digits(double value, int digits)
{
    int decimals = (digits > 0 ? digits : 6) - 1 - magnitude(value);
    return value == trunc(value) || decimals < 0 ? 0 : decimals;
}

/* 1.5 rather than 1.50000. */
static void drop_last_zeros(char *text)
{
    size_t n = strlen(text);
    if (!strchr(text, '.'))
        return;
    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[n - 1] = '\0';
}

/* -0.00 says no more than 0.00. */
static void drop_sign_of_zero(char *text)
{
    if (text[0] == '-' && strspn(text + 1, "0.") == strlen(text + 1))
        memmove(text, text + 1, strlen(text));
}

static void split(struct mcd_quantity *q, const char *text)
{
    size_t whole = strcspn(text, ".");
    show(q->whole, sizeof q->whole, "%.*s", (int)whole, text);
    show(q->fraction, sizeof q->fraction, "%s", text + whole);
}

struct mcd_quantity mcd_quantity_show(double value, double error, int digits)
{
    struct mcd_quantity q = {.exponent = 0};
    double largest = fabs(value) > error || isnan(error) ? fabs(value) : error;
    int power = magnitude(largest), has_error = !isnan(error);
    char text[64];
    if (largest > 0 && (power >= LARGE || power < SMALL)) {
        q.exponent = power;
        value = scale(value, power);
        error = scale(error, power);
    }
    int decimals =
        has_error && error > 0 ? decimals_of_error(error) : decimals_of_digits(value, digits);
    int beyond = decimals > MOST_DECIMALS; /* an error that no double next to the value can show */
    if (beyond)
        decimals = MOST_DECIMALS;
    show(text, sizeof text, "%.*f", decimals > 0 ? decimals : 0, value);
    if (digits <= 0 && !(has_error && error > 0))
        drop_last_zeros(text);
    drop_sign_of_zero(text);
    split(&q, text);
    if (has_error && error > 0 && beyond)
        show(q.error, sizeof q.error, "%.1g", error);
    else if (has_error)
        show(q.error, sizeof q.error, "%.*f", error > 0 && decimals > 0 ? decimals : 0, error);
    return q;
}
