/* What a shared object tells the system's loader, read from the file without loading it. */
#ifndef CORE_ELF_H
#define CORE_ELF_H

#include <mcdrop/error.h>

/*
 * Each tells f of a text at a time, which lives as long as the call. MCD_IO: the file cannot be
 * read; MCD_UNSUPPORTED: it is no shared object of this machine, or a damaged one.
 *
 * Exported: what a program could find by dlsym, but for weak symbols, which C++ makes of templates.
 * Folders: those of RPATH and RUNPATH, one by one.
 */
int mcd_elf_exported(const char *path, void (*f)(void *arg, const char *name), void *arg,
                     struct mcd_error *e);
int mcd_elf_folders(const char *path, void (*f)(void *arg, const char *folder), void *arg,
                    struct mcd_error *e);

#endif
