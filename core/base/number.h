/* Numbers as text, in the C locale whatever the user's is. From any thread. */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum mcd_number { MCD_NUMBER_OK = 0, MCD_NUMBER_NONE, MCD_NUMBER_OVERFLOW };

/*
 * The whole of `text` must be the number: no blanks, nothing after it. Reals may be written as
 * strtod takes them, inf and nan included; what is too large for a double is an overflow, what is
 * too small becomes 0 or subnormal. *out is set only by MCD_NUMBER_OK.
 */
enum mcd_number mcd_number_int(const char *text, int64_t *out);
enum mcd_number mcd_number_real(const char *text, double *out);

/* The shortest of %.1g ... %.17g that reads back as the same double; integers in plain digits. */
struct mcd_digits {
    char text[32];
};
struct mcd_digits mcd_number_show(double x);

/* vsnprintf in the C locale. */
int mcd_number_format(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
