/* The commands that there are. */
#include "core/cli/command.h"

#include <stddef.h>

const struct mcd_command mcd_commands[] = {
    {"info", "what a plugin is and which parameters it takes", mcd_cmd_info},
    {"list", "the plugins that are found", mcd_cmd_list},
    {NULL, NULL, NULL},
};
