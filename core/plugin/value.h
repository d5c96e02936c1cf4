/*
 * Values of parameters: one text, checked against one row of a parameter table, and back.
 *
 * See mcdrop/param.h for how each kind is written and what its domain says.
 */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <mcdrop/plugin.h>

/* Which member counts follows from the parameter's kind. */
union mcd_value {
    int64_t whole;        /* INT */
    double real;          /* REAL */
    int choice;           /* BOOL: 0 or 1; ENUM: index */
    const char *text;     /* TEXT: borrowed from what was parsed */
    struct mcd_ints ints; /* INTS: owned */
};

/*
 * Reads `text` as a value of `p`. The table's author may have made mistakes: an unknown kind or a
 * domain that cannot be read is MCD_UNSUPPORTED, a text that is no value of `p` MCD_INVALID.
 * `where` stands in messages. On success the caller clears *value.
 */
int mcd_value_parse(const struct mcd_host *, const char *where, const struct mcd_param *p,
                    const char *text, union mcd_value *value, struct mcd_error *e);

void mcd_value_clear(const struct mcd_host *, const struct mcd_param *p, union mcd_value *value);

/*
 * Writes a value as it stands in a specification (texts in quotes), so that reading it gives the
 * same one. Returns the length, as snprintf does, which may be more than `room` - 1.
 */
size_t mcd_value_write(const struct mcd_param *p, const union mcd_value *value, char *to,
                       size_t room);

/* What a parameter takes: "a whole number in [1, 10]", "relu, tanh or gelu". */
struct mcd_wanted {
    char text[200];
};
struct mcd_wanted mcd_value_wanted(const struct mcd_param *p);

/* The kind's word for tables: "int", "real", "bool", "enum", "text", "ints"; NULL for no kind. */
const char *mcd_kind_name(uint32_t kind);

#endif
