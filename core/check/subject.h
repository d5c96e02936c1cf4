/*
 * What is to be checked: a plugin's kind and its specification with every parameter, found out in a
 * process of its own.
 */
#ifndef CORE_SUBJECT_H
#define CORE_SUBJECT_H

#include <mcdrop/plugin.h>

#include <limits.h>

struct mcd_subject {
    char path[PATH_MAX];        /* of the file, absolute */
    char params[PATH_MAX];      /* as the user wrote them, "" for none */
    uint32_t kind;              /* 0: not known, because it cannot be loaded */
    char spec[3 * PATH_MAX];    /* "PATH:out=1,bias=yes"; PATH where no more is known */
    struct mcd_error device;    /* of a backend whose device or library is missing */
    struct mcd_error parameter; /* one that is wrong, or missing and of a kind that is not chosen */
};

/*
 * Fills in the rest of a subject whose path, params and, where it is known, kind are set. Of
 * numbers and choices that must be given and are not, one is chosen: the least whole number, the
 * middle of an interval, the first choice, no. A plugin that cannot be loaded is no failure: kind
 * is 0 then. MCD_INVALID: a parameter is wrong or missing.
 */
int mcd_subject_find(struct mcd_subject *, double limit, struct mcd_error *e);

#endif
