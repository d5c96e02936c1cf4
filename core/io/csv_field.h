/* CSV as a stream of fields, after RFC 4180, for csv.c and co2.c. */
#ifndef CORE_IO_CSV_FIELD_H
#define CORE_IO_CSV_FIELD_H

#include <mcdrop/error.h>

#include <locale.h>
#include <stddef.h>

struct mcd_csv_reader {
    const unsigned char *p, *end;
    const char *name;         /* of the file, for messages */
    size_t line, next_column; /* of the field that comes next, both from 1 */
    locale_t locale;          /* the C locale: a point is a point */
    struct mcd_error *e;
};

struct mcd_csv_field {
    const unsigned char *text; /* without the outer quotes; inner ones still doubled */
    size_t length;
    size_t line, column; /* where it begins */
    int quoted, last;    /* last: the record ends with it */
};

/* Reads a field and what separates it from the next. At least one byte must be left. */
int mcd_csv_next(struct mcd_csv_reader *r, struct mcd_csv_field *f);

/* Whether nothing but ends of lines is left. */
int mcd_csv_at_end(const struct mcd_csv_reader *r);

enum mcd_csv_kind { MCD_CSV_NUMBER, MCD_CSV_NOT_FINITE, MCD_CSV_EMPTY, MCD_CSV_TEXT };

/* What a field is; a decimal number that a double can hold goes to *value. Quotes do not matter. */
enum mcd_csv_kind mcd_csv_classify(const struct mcd_csv_reader *r, const struct mcd_csv_field *f,
                                   double *value);

/* A copy as a string, inner quotes undoubled; the caller frees it. NULL: no memory. */
char *mcd_csv_copy(const struct mcd_csv_field *f);

/* Records a failure at the field and returns MCD_INVALID. */
int mcd_csv_fail(const struct mcd_csv_reader *r, const struct mcd_csv_field *f, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

#endif
