/*
 * For tests that run the program: shell commands with it, what they print, and how they end.
 *
 * Include after cmocka.h and scratch.h, whose folder the commands work in. `$M` is the program.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <jansson.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static struct rusage program_usage; /* of the last command */
static char program_call[4096];

/* A group setup: the folder, and $M. */
static inline int program_setup(void **state)
{
    const char *program = getenv("MCDROP_PROGRAM");
    char path[PATH_MAX];
    if (!realpath(program ? program : "./mcdrop", path) || setenv("M", path, 1) != 0)
        return -1;
    return scratch_setup(state);
}

/* Starts `exec COMMAND >out 2>err` in the folder, with words and redirections as sh has them. */
__attribute__((format(printf, 1, 0))) static inline pid_t program_start_v(const char *format,
                                                                          va_list args)
{
    char command[4000];
    vsnprintf(command, sizeof command, format, args);
    snprintf(program_call, sizeof program_call, "exec >out 2>err; %s", command);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(scratch_dir) == 0)
            execl("/bin/sh", "sh", "-c", program_call, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* The exit status, or minus the signal that ended it. */
static inline int program_wait(pid_t pid)
{
    int status = 0;
    while (wait4(pid, &status, 0, &program_usage) < 0)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

__attribute__((format(printf, 1, 2))) static inline pid_t program_start(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pid_t pid = program_start_v(format, args);
    va_end(args);
    return pid;
}

__attribute__((format(printf, 1, 2))) static inline int program(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pid_t pid = program_start_v(format, args);
    va_end(args);
    return program_wait(pid);
}

/* A file of the folder as text, to be freed; "" if there is none. */
static inline char *program_text(const char *name, size_t *size)
{
    FILE *f = fopen(scratch_path(name), "rb");
    size_t room = 1 << 24, n = 0;
    char *text = malloc(room);
    assert_non_null(text);
    if (f) {
        n = fread(text, 1, room - 1, f);
        fclose(f);
    }
    text[n] = '\0';
    if (size)
        *size = n;
    return text;
}

/* Shows the last command with what is wrong with it. */
static inline void program_show(const char *what)
{
    char *out = program_text("out", NULL), *err = program_text("err", NULL);
    print_error("%s: %s\nout: %.2000s\nerr: %.2000s\n", program_call, what, out, err);
    free(out);
    free(err);
}

static inline void program_complain(const char *what)
{
    program_show(what);
    fail_msg("%s", what);
}

/* The command ends with this status. */
#define assert_program(status, ...)                                                                \
    do {                                                                                           \
        int got_ = program(__VA_ARGS__);                                                           \
        if (got_ != (status)) {                                                                    \
            char what_[80];                                                                        \
            snprintf(what_, sizeof what_, "status %d, expected %d", got_, (status));               \
            program_complain(what_);                                                               \
        }                                                                                          \
    } while (0)

/* A file of the folder contains a text. */
static inline void assert_has(const char *name, const char *part)
{
    char *text = program_text(name, NULL), what[300];
    snprintf(what, sizeof what, "no '%s' in %s", part, name);
    if (!strstr(text, part))
        program_complain(what);
    free(text);
}

/* A file of the folder does not contain a text. */
static inline void assert_lacks(const char *name, const char *part)
{
    char *text = program_text(name, NULL), what[300];
    snprintf(what, sizeof what, "'%s' in %s", part, name);
    if (strstr(text, part))
        program_complain(what);
    free(text);
}

/* A file of the folder begins with a text. */
static inline void assert_begins(const char *name, const char *part)
{
    char *text = program_text(name, NULL), what[300];
    snprintf(what, sizeof what, "%s does not begin with '%s'", name, part);
    if (strncmp(text, part, strlen(part)) != 0)
        program_complain(what);
    free(text);
}

static inline void assert_same_file(const char *a, const char *b)
{
    size_t n, m;
    char *x = program_text(a, &n), *y = program_text(b, &m);
    if (n != m || memcmp(x, y, n) != 0)
        fail_msg("%s and %s differ", a, b);
    free(x);
    free(y);
}

/* A file of the folder as JSON, to be released with json_decref. */
static inline json_t *program_json(const char *name)
{
    json_error_t e;
    json_t *json = json_load_file(scratch_path(name), 0, &e);
    if (!json)
        fail_msg("%s: %s, line %d", name, e.text, e.line);
    return json;
}

static inline double program_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void program_sleep(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

/* ---- a data set that is learnt in a moment ------------------------------------------------- */

enum { TINY_SIDE = 8, TINY_CLASSES = 4, TINY_TRAIN = 120, TINY_TEST = 40 };

/* Image i is of class i % 4: a bright quadrant under noise. */
static inline void tiny_image(unsigned i, unsigned char *pixel)
{
    uint32_t x = i * 2654435761u + 12345;
    for (unsigned p = 0; p < TINY_SIDE * TINY_SIDE; p++) {
        unsigned quadrant = p / TINY_SIDE / 4 * 2 + p % TINY_SIDE / 4;
        x = x * 1664525 + 1013904223;
        pixel[p] = (unsigned char)((x >> 25) + (quadrant == i % TINY_CLASSES ? 90 : 0));
    }
}

static inline void tiny_part(const char *folder, const char *part, unsigned first, unsigned count)
{
    enum { PIXELS = TINY_SIDE * TINY_SIDE };
    unsigned char images[16 + TINY_TRAIN * PIXELS] = {
        0, 0, 8, 3, 0, 0, 0, (unsigned char)count, 0, 0, 0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
    unsigned char labels[8 + TINY_TRAIN] = {0, 0, 8, 1, 0, 0, 0, (unsigned char)count};
    char name[120];
    for (unsigned i = 0; i < count; i++) {
        tiny_image(first + i, images + 16 + i * PIXELS);
        labels[8 + i] = (unsigned char)((first + i) % TINY_CLASSES);
    }
    snprintf(name, sizeof name, "%s/%s-images-idx3-ubyte", folder, part);
    scratch_write(name, images, 16 + count * PIXELS);
    snprintf(name, sizeof name, "%s/%s-labels-idx1-ubyte", folder, part);
    scratch_write(name, labels, 8 + count);
}

/* Makes FOLDER as MNIST is distributed. */
static inline void tiny_data(const char *folder)
{
    assert_return_code(mkdir(scratch_path(folder), 0777), 0);
    tiny_part(folder, "train", 0, TINY_TRAIN);
    tiny_part(folder, "t10k", TINY_TRAIN, TINY_TEST);
}

/* The options of a model that learns it in a few epochs. */
#define TINY "--model mlp:hidden=12,classes=4 --data data --batch 32 --rate 0.3 --seed 7 "

#endif
