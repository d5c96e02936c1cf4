/* mcdrop without a command: says what commands there are. */
#include "core/cli/command.h"
#include "core/cli/options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The list of commands for --help; argp frees it. */
static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(size_t)text;
    size_t size = 256, used;
    for (const struct mcd_command *c = mcd_commands; c->name; c++)
        size += strlen(c->help) + 32;
    char *list = malloc(size);
    if (!list)
        return NULL;
    used = (size_t)snprintf(list, size, "Commands:\n");
    for (const struct mcd_command *c = mcd_commands; c->name; c++)
        used += (size_t)snprintf(list + used, size - used, "  %-10s %s\n", c->name, c->help);
    snprintf(list + used, size - used, "\nmcdrop COMMAND --help says more.");
    return list;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, state->input);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a command is missing");
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: a command comes first, then its options", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int mcd_cmd_default(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_common, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Train with dropout, predict with uncertainty.\v",
        .children = children,
        .help_filter = help,
    };
    struct mcd_options options = MCD_OPTIONS;
    return argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
}
