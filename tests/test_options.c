/* core/cli/options.c: shared options reach the command, wrong values end it with status 2. */
#include "core/base/host.h"
#include "core/cli/exit.h"
#include "core/cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY_PASSES = MCD_OPTION_OWN, KEY_LEVEL };

struct command {
    struct mcd_options options;
    int64_t passes;
    double level;
};

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
    struct command *c = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, &c->options);
        return 0;
    case KEY_PASSES:
        c->passes = mcd_option_int(state, "passes", arg, 1, 1000);
        return 0;
    case KEY_LEVEL:
        c->level = mcd_option_real(state, "level", arg, "(0, 1)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int parse(int argc, const char **argv, struct command *c)
{
    static const struct argp_option own[] = {
        {"passes", KEY_PASSES, "N", 0, "", 0}, {"level", KEY_LEVEL, "X", 0, "", 0}, {0}};
    static const struct argp_child children[] = {{&mcd_options_model, 0, NULL, 0},
                                                 {&mcd_options_weights, 0, NULL, 0},
                                                 {&mcd_options_data, 0, NULL, 0},
                                                 {&mcd_options_compute, 0, NULL, 0},
                                                 {&mcd_options_sampler, 0, NULL, 0},
                                                 {&mcd_options_out, 0, NULL, 0},
                                                 {&mcd_options_format, 0, NULL, 0},
                                                 {&mcd_options_common, 0, NULL, 0},
                                                 {0}};
    static const struct argp argp = {.options = own, .parser = parse_own, .children = children};
    *c = (struct command){.options = MCD_OPTIONS};
    argp_err_exit_status = MCD_EXIT_USAGE;
    return argp_parse(&argp, argc, (char **)(uintptr_t)argv, 0, NULL, c);
}

static void options_arrive(void **state)
{
    (void)state;
    const char *argv[] = {"mcdrop x",   "--model=lenet:drop=0.2",
                          "--weights",  "w",
                          "--data",     "mnist",
                          "--backend",  "reference",
                          "--threads",  "3",
                          "--seed",     "9223372036854775807",
                          "--sampler",  "bernoulli",
                          "--out",      "dir",
                          "--format",   "csv",
                          "--passes=7", "--level",
                          "0.5",        "--verbose",
                          "-q",         NULL};
    struct command c;
    assert_int_equal(parse(sizeof argv / sizeof *argv - 1, argv, &c), 0);
    assert_string_equal(c.options.model, "lenet:drop=0.2");
    assert_string_equal(c.options.weights, "w");
    assert_string_equal(c.options.data, "mnist");
    assert_string_equal(c.options.backend, "reference");
    assert_string_equal(c.options.sampler, "bernoulli");
    assert_string_equal(c.options.out, "dir");
    assert_int_equal(c.options.threads, 3);
    assert_true(c.options.has_seed && c.options.seed == INT64_MAX);
    assert_int_equal(c.options.format, MCD_CSV_FORMAT);
    assert_int_equal(c.passes, 7);
    assert_true(c.level == 0.5);
}

static void what_is_left_open_is_settled(void **state)
{
    (void)state;
    const char *argv[] = {"mcdrop x", NULL};
    struct command c;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    assert_int_equal(parse(1, argv, &c), 0);
    assert_null(c.options.model);
    assert_int_equal(c.options.threads, 0);
    assert_int_equal(c.options.format, MCD_TEXT_FORMAT);
    assert_int_equal(mcd_options_settle(host, &c.options, NULL), MCD_OK);
    assert_true(strcmp(c.options.backend, "openblas") == 0 ||
                strcmp(c.options.backend, "reference") == 0);
    assert_true(c.options.seed <= UINT32_MAX);
    assert_int_equal(mcd_host_live(host), 0);
    c.options = (struct mcd_options){.backend = "abacus", .seed = 5, .has_seed = 1};
    assert_int_equal(mcd_options_settle(host, &c.options, NULL), MCD_OK);
    assert_string_equal(c.options.backend, "abacus");
    assert_int_equal(c.options.seed, 5);
    mcd_host_destroy(host);
}

/* argp ends the process, so each wrong value has one of its own. */
static void wrong_values_end_with_status_2(void **state)
{
    (void)state;
    static const char *const wrong[] = {"--threads=0",
                                        "--threads=4097",
                                        "--threads=x",
                                        "--threads=",
                                        "--seed=-1",
                                        "--seed=1e3",
                                        "--seed=9223372036854775808",
                                        "--format=xml",
                                        "--passes=0",
                                        "--passes=1001",
                                        "--level=0",
                                        "--level=nan",
                                        "--level=0,5",
                                        "--nothing"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            const char *argv[] = {"mcdrop x", wrong[i], NULL};
            struct command c;
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            parse(2, argv, &c);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != MCD_EXIT_USAGE)
            fail_msg("%s: wait status %x", wrong[i], (unsigned)status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_arrive),
        cmocka_unit_test(what_is_left_open_is_settled),
        cmocka_unit_test(wrong_values_end_with_status_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
