/*
 * Items: plugins that were opened by a specification and created, ready for use.
 */
#ifndef CORE_LOADER_H
#define CORE_LOADER_H

#include <mcdrop/plugin.h>

/* Read only for its users. */
struct mcd_item {
    const struct mcd_plugin *plugin; /* api: zeros where an older plugin has nothing */
    void *self;                      /* NULL for an item without state */
    const char *spec; /* in full, as files keep it: "lenet:drop=0.5,classes=10,noise=\"\"" */
    const char *path; /* the file, absolute, links resolved */
};

/*
 * Opens what `spec` names (see spec.h): a file if it has a slash, else the first of that name in
 * the search path (see search.h), which alone is loaded. Failures:
 *
 *   MCD_INVALID      the specification is wrong: syntax, name, parameter; or the constructor says so
 *   MCD_UNSUPPORTED  the file is not a plugin that this mcdrop can use
 *   MCD_DEVICE       a backend that does not exist, whose libraries are missing, or without device
 *   MCD_NOMEM        there is no memory for it
 *   MCD_IO           the file cannot be read
 *
 * On failure *item is NULL. Close it before the host goes.
 */
int mcd_item_open(const struct mcd_host *, uint32_t kind, const char *spec, struct mcd_item **item,
                  struct mcd_error *e);

/*
 * For what an item's function returned: passes `status` on, and sees to it that a failure has a
 * text, because who reports it looks at `e`. Every call into a plugin that can fail goes through
 * it.
 */
int mcd_item_status(const struct mcd_item *, int status, struct mcd_error *e);

/* Whether it was built for a minor version of the interface before this one. */
int mcd_item_is_older(const struct mcd_item *, uint32_t minor);

/* NULL is fine. */
void mcd_item_close(const struct mcd_host *, struct mcd_item *);

#endif
