/*
 * Typed parameters: one list gives the table that the core checks against and the prototype of
 * the constructor that it calls, so that the compiler checks one against the other.
 *
 *     #define PARAMS(X)                                                                 \
 *         X(INT, out, NULL, "[1, 2147483647]", "number of outputs")                     \
 *         X(REAL, p, "0.5", "[0, 1]", "probability of dropping a unit")                 \
 *         X(ENUM, activation, "tanh", "relu|tanh", "what follows each hidden layer")
 *
 *     static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG)) { ... out, p, activation ... }
 *     static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};
 *
 * A user writes `NAME:out=10,p=0.2`; a value with a comma in it stands in double quotes. Numbers
 * are read in the C locale. The core checks kind and domain before the constructor is called;
 * what one parameter demands of another the constructor checks itself.
 */
#ifndef MCDROP_PARAM_H
#define MCDROP_PARAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Kind      written as    domain, and what it says                    argument of the constructor
 *
 * INT       42            "[lo, hi]"; ( or ) excludes an end          int64_t
 * REAL      0.5, 1e-3     the same; inf and -inf for no bound         double, never NaN
 * BOOL      yes, no       NULL                                        int, 1 or 0
 * ENUM      one of a few  "first|second|third"                        int, its index from 0
 * TEXT      anything      NULL                                        const char *
 * INTS      800x800       as INT, for every element                   const struct mcd_ints *
 */
enum mcd_kind { MCD_INT = 1, MCD_REAL, MCD_BOOL, MCD_ENUM, MCD_TEXT, MCD_INTS };

/*
 * A list of whole numbers. Valid during the constructor's call alone, as TEXT is: copy what is to
 * stay.
 */
struct mcd_ints {
    uint32_t count; /* at least 1 */
    const int64_t *value;
};

/*
 * One row of the table, of at most 256: constant, with texts that live as long as the plugin. A
 * default is in its domain. Users write names and values in commands and files, so neither changes
 * its meaning from one version of a plugin to the next.
 */
struct mcd_param {
    const char *name;   /* letters, digits and '_' */
    const char *value;  /* default, written as a user would; NULL: must be given */
    const char *domain; /* see enum mcd_kind; NULL: unrestricted */
    const char *help;   /* one line */
    uint32_t kind;      /* enum mcd_kind; 0 ends the table */
};

/* The constructor's argument for each kind. */
typedef int64_t mcd_arg_INT;
typedef double mcd_arg_REAL;
typedef int mcd_arg_BOOL;
typedef int mcd_arg_ENUM;
typedef const char *mcd_arg_TEXT;
typedef const struct mcd_ints *mcd_arg_INTS;

/* What the list is applied to: a row of the table, an argument (with its comma before it). */
#define MCD_ROW(kind, name, value, domain, help) {#name, value, domain, help, MCD_##kind},
#define MCD_ARG(kind, name, value, domain, help) , mcd_arg_##kind name
#define MCD_PARAM_END                                                                              \
    {                                                                                              \
        NULL, NULL, NULL, NULL, 0                                                                  \
    }

#ifdef __cplusplus
}
#endif
#endif
