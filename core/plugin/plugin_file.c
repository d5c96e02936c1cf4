/* Checks of plugin files by their rights and by their ELF head. */
#include "core/plugin/plugin_file.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A shared object has a handful of segments. */
enum { MAX_SEGMENTS = 64 };

static int refuse(const char *path, const char *why, struct mcd_error *e)
{
    return mcd_fail(e, MCD_UNSUPPORTED, mcd_place_file(path).text, "%s", why);
}

static int system_error(const char *path, struct mcd_error *e)
{
    return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "%s", strerror(errno));
}

static int check_directory(const char *path, struct mcd_error *e)
{
    char dir[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    struct stat s;
    if (slash) {
        memcpy(dir, path, (size_t)(slash - path) + 1);
        dir[slash - path + 1] = '\0';
    }
    if (stat(dir, &s) != 0)
        return system_error(dir, e);
    if (s.st_mode & S_IWOTH)
        return refuse(path, "not loaded: others can write its directory: chmod go-w it", e);
    return MCD_OK;
}

static int check_rights(const char *path, const struct stat *s, struct mcd_error *e)
{
    int shared_group = s->st_gid != s->st_uid;
    if (!S_ISREG(s->st_mode))
        return refuse(path, "not a file: expected a plugin, NAME.so", e);
    if ((s->st_mode & S_IWOTH) || ((s->st_mode & S_IWGRP) && shared_group))
        return refuse(path, "not loaded: others can write it: chmod go-w it", e);
    return MCD_OK;
}

/* Whether the file is a shared object of this machine's class and byte order. */
static int is_shared_object(const ElfW(Ehdr) * head)
{
    const uint16_t one = 1;
    int data = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
    return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
           head->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           head->e_ident[EI_DATA] == data && head->e_type == ET_DYN;
}

/* What lies beyond the end of a cut file would end the process when it is touched. */
static int segments_are_there(int file, const ElfW(Ehdr) * head, size_t size)
{
    ElfW(Phdr) segment[MAX_SEGMENTS];
    size_t bytes = head->e_phnum * sizeof *segment;
    if (head->e_phentsize != sizeof *segment || head->e_phnum > MAX_SEGMENTS ||
        pread(file, segment, bytes, (off_t)head->e_phoff) != (ssize_t)bytes)
        return 0;
    for (int i = 0; i < head->e_phnum; i++)
        if (segment[i].p_offset > size || segment[i].p_filesz > size - segment[i].p_offset)
            return 0;
    return 1;
}

static int check_content(const char *path, int file, size_t size, struct mcd_error *e)
{
    ElfW(Ehdr) head;
    if (pread(file, &head, sizeof head, 0) != sizeof head || !is_shared_object(&head))
        return refuse(path,
                      "not a shared object of this machine: expected a plugin, built with "
                      "cc -shared -fPIC",
                      e);
    if (!segments_are_there(file, &head, size))
        return refuse(path, "cut short: the file ends before its segments do", e);
    return MCD_OK;
}

int mcd_plugin_file_check(const char *path, const char *real, struct mcd_error *e)
{
    struct stat s;
    int status = check_directory(path, e);
    if (status == MCD_OK)
        status = check_directory(real, e);
    if (status != MCD_OK)
        return status;
    int file = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
    if (file < 0 || fstat(file, &s) != 0) {
        status = system_error(path, e);
    } else {
        status = check_rights(path, &s, e);
        if (status == MCD_OK)
            status = check_content(path, file, (size_t)s.st_size, e);
    }
    if (file >= 0)
        close(file);
    return status;
}
