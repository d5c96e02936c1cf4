/*
 * What can be said of a plugin's file before it is loaded. Loading runs code of the file, so what
 * others can write, and what is no shared object, is refused here.
 */
#ifndef CORE_PLUGIN_FILE_H
#define CORE_PLUGIN_FILE_H

#include <mcdrop/error.h>

/*
 * The file must be a regular one that starts like a shared object and is all there. Nobody but its
 * owner may be able to write it, nor others the directories of `path` and of `real`, which is where
 * the links of `path` end. A group with the owner's own number, as Debian gives every user one,
 * counts as the owner.
 */
int mcd_plugin_file_check(const char *path, const char *real, struct mcd_error *e);

#endif
