/*
 * The main program of a fuzz target in `make check`: runs every file of its corpus once, without
 * libFuzzer. It lies in a library, so that only programs without a main of their own take it.
 *
 * Files come from the command line or, without arguments, from $MCDROP_TEST_SRCDIR/fuzz/corpus/NAME
 * for the program fuzz_NAME. Writes TAP.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The exact size is allocated, so that sanitizers and valgrind see the first byte beyond it. */
static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) {
        printf("Bail out! %s: %s\n", path, strerror(errno));
        exit(1);
    }
    long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    if (size < 0 || !data || fread(data, 1, (size_t)size, f) != (size_t)size) {
        printf("Bail out! %s: cannot be read\n", path);
        exit(1);
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 1;
}

static int replay_folder(const char *folder)
{
    struct dirent **entry;
    int n = scandir(folder, &entry, NULL, alphasort), files = 0;
    if (n < 0) {
        printf("Bail out! %s: %s\n", folder, strerror(errno));
        exit(1);
    }
    for (int i = 0; i < n; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.')
            files += replay_file(path);
        free(entry[i]);
    }
    free(entry);
    return files;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++)
        files += replay_file(argv[i]);
    if (argc < 2) {
        const char *tests = getenv("MCDROP_TEST_SRCDIR");
        const char *name = strstr(argv[0], "fuzz_");
        for (const char *next; name && (next = strstr(name + 1, "fuzz_"));)
            name = next;
        char folder[4096];
        snprintf(folder, sizeof folder, "%s/fuzz/corpus/%s", tests ? tests : "tests",
                 name ? name + strlen("fuzz_") : "");
        files = replay_folder(folder);
    }
    printf("1..1\n%s 1 - %d inputs replayed\n", files ? "ok" : "not ok", files);
    return files ? 0 : 1;
}
