/* Sections of an ELF file, each looked at only where it lies within the file. */
#include "core/check/elf.h"

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE = 1 << 30 };

struct elf {
    const char *path;
    struct mcd_bytes bytes;
    const ElfW(Shdr) * section;
    uint32_t sections;
};

/* What lies at an offset, NULL where it would not lie in the file as a whole or not be aligned. */
static const void *at(const struct elf *elf, uint64_t offset, uint64_t bytes)
{
    if (offset > elf->bytes.size || bytes > elf->bytes.size - offset || offset % sizeof(void *))
        return NULL;
    return elf->bytes.data + offset;
}

static int refuse(const char *path, const char *why, struct mcd_error *e)
{
    return mcd_fail(e, MCD_UNSUPPORTED, mcd_place_file(path).text, "%s", why);
}

static int open_elf(const char *path, struct elf *elf, struct mcd_error *e)
{
    *elf = (struct elf){.path = path};
    int status = mcd_file_read(path, MAX_FILE, &elf->bytes, e);
    if (status != MCD_OK)
        return status;
    const ElfW(Ehdr) *head = at(elf, 0, sizeof *head);
    if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        return refuse(path, "not a shared object of this machine", e);
    elf->sections = head->e_shnum;
    elf->section = at(elf, head->e_shoff, (uint64_t)head->e_shnum * sizeof *elf->section);
    if (!elf->section || elf->sections == 0 || head->e_shentsize != sizeof *elf->section)
        return refuse(path, "its table of sections is missing or damaged", e);
    return MCD_OK;
}

/* The section of a type with its entries of `bytes` each and the names they refer to. */
struct table {
    const void *entry;
    uint64_t count;
    const char *names;
    uint64_t room; /* of the names; the last byte is 0 */
};

static int find_table(const struct elf *elf, uint32_t type, size_t bytes, struct table *t,
                      struct mcd_error *e)
{
    uint32_t i = 0;
    while (i < elf->sections && elf->section[i].sh_type != type)
        i++;
    if (i == elf->sections || elf->section[i].sh_link >= elf->sections)
        return refuse(elf->path, "a table of its dynamic section is missing", e);
    const ElfW(Shdr) *own = &elf->section[i], *names = &elf->section[own->sh_link];
    *t = (struct table){.entry = at(elf, own->sh_offset, own->sh_size),
                        .count = own->sh_size / bytes,
                        .room = names->sh_size};
    if (names->sh_offset <= elf->bytes.size && t->room <= elf->bytes.size - names->sh_offset)
        t->names = (const char *)elf->bytes.data + names->sh_offset; /* at any address */
    if (!t->entry || !t->names || t->room == 0 || t->names[t->room - 1] != '\0')
        return refuse(elf->path, "a table of its dynamic section is damaged", e);
    return MCD_OK;
}

static const char *name_of(const struct table *t, uint64_t place)
{
    return place < t->room ? t->names + place : "?";
}

int mcd_elf_exported(const char *path, void (*f)(void *arg, const char *name), void *arg,
                     struct mcd_error *e)
{
    struct elf elf;
    struct table t;
    int status = open_elf(path, &elf, e);
    if (status == MCD_OK)
        status = find_table(&elf, SHT_DYNSYM, sizeof(ElfW(Sym)), &t, e);
    for (uint64_t i = 1; status == MCD_OK && i < t.count; i++) { /* the first stands for none */
        const ElfW(Sym) *s = (const ElfW(Sym) *)t.entry + i;
        int hidden = ELF64_ST_VISIBILITY(s->st_other) != STV_DEFAULT &&
                     ELF64_ST_VISIBILITY(s->st_other) != STV_PROTECTED;
        int bind = ELF64_ST_BIND(s->st_info); /* weak and unique ones are exported, too */
        if (s->st_shndx != SHN_UNDEF && bind != STB_LOCAL && !hidden)
            f(arg, name_of(&t, s->st_name));
    }
    mcd_bytes_clear(&elf.bytes);
    return status;
}

/* "a:b" one by one. */
static void split(const char *list, void (*f)(void *arg, const char *folder), void *arg)
{
    char folder[PATH_MAX];
    for (;; list++) {
        size_t length = strcspn(list, ":");
        snprintf(folder, sizeof folder, "%.*s", (int)(length < PATH_MAX ? length : PATH_MAX), list);
        f(arg, folder);
        list += length;
        if (!*list)
            return;
    }
}

int mcd_elf_folders(const char *path, void (*f)(void *arg, const char *folder), void *arg,
                    struct mcd_error *e)
{
    struct elf elf;
    struct table t;
    int status = open_elf(path, &elf, e);
    if (status == MCD_OK)
        status = find_table(&elf, SHT_DYNAMIC, sizeof(ElfW(Dyn)), &t, e);
    for (uint64_t i = 0; status == MCD_OK && i < t.count; i++) {
        const ElfW(Dyn) *d = (const ElfW(Dyn) *)t.entry + i;
        if (d->d_tag == DT_RPATH || d->d_tag == DT_RUNPATH)
            split(name_of(&t, d->d_un.d_val), f, arg);
    }
    mcd_bytes_clear(&elf.bytes);
    return status;
}
