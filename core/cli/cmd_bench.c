/* mcdrop bench: what backends, models and samplers cost, side by side. */
#include "core/cli/command.h"
#include "core/cli/options.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key == ARGP_KEY_END)
        argp_error(state, "expected what to measure");
    return mcd_options_only(key, arg, state);
}

int mcd_cmd_bench(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc = "Measures what backends, models and samplers cost, side by side.",
        .children = children,
    };
    struct mcd_options options = MCD_OPTIONS;
    if (argc > 1 && argv[1][0] != '-')
        return mcd_command_run(argv[0], mcd_bench_parts, argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    return 0;
}
