/*
 * Specifications: how a user names a plugin and sets its parameters.
 *
 *     NAME  NAME.so  DIR/NAME.so  NAME:key=value,key="a, b"
 *
 * A name is made of letters, digits, '_', '-' and '.', a key of letters, digits and '_'. A value
 * ends at the next comma; in double quotes it may hold commas, and \" and \\ stand for quote and
 * backslash. The name ends at the first colon, so a folder's name cannot have one. Knows no plugin:
 * see param.h for what the settings mean.
 */
#ifndef CORE_SPEC_H
#define CORE_SPEC_H

#include <mcdrop/plugin.h>

struct mcd_setting {
    const char *key, *value;
};

/* All texts lie in `text`. */
struct mcd_spec {
    const char *name; /* without folder and .so */
    const char *path; /* as given but without .so; NULL if the specification has no slash */
    uint32_t count;
    struct mcd_setting *setting; /* in the order given; keys may repeat */
    char *text;
};

/* On failure `spec` is empty. The caller clears it. */
int mcd_spec_parse(const struct mcd_host *, const char *text, struct mcd_spec *spec,
                   struct mcd_error *e);

/* Harmless on one that is {0}. */
void mcd_spec_clear(const struct mcd_host *, struct mcd_spec *spec);

#endif
