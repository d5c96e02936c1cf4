/* listed: who asks what devices a machine has is told of each, in texts that end. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/engine.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 4096 }; /* no machine has more */

static int judge_text(struct mcd_checking *c, const char *where, const char *name, const char *text,
                      size_t room)
{
    size_t length = strnlen(text, room);
    if (length < room && !memchr(text, '\n', length))
        return 0;
    return mcd_check_fail(c, where, "texts of one line that end with 0", "%s '%.*s'", name,
                          (int)length, text);
}

static int judge(struct mcd_checking *c, uint32_t i, const struct mcd_device_info *d)
{
    char where[40];
    snprintf(where, sizeof where, "device %u of the machine", i);
    mcd_check_looked(c, 1);
    if (judge_text(c, where, "name", d->name, sizeof d->name) ||
        judge_text(c, where, "architecture", d->architecture, sizeof d->architecture) ||
        judge_text(c, where, "problem", d->problem, sizeof d->problem))
        return -1;
    if (*d->name || *d->problem)
        return 0;
    return mcd_check_fail(c, where, "a name, or why it cannot be used", "neither");
}

static void judge_list(struct mcd_checking *c, const struct mcd_engine *engine)
{
    uint32_t count = 0;
    int failed = 0;
    for (; !failed && count <= MOST; count++) {
        struct mcd_device_info d = {.size = sizeof d};
        if (!engine->api->describe(engine->host, count, &d))
            break;
        failed = judge(c, count, &d);
    }
    if (!failed && count > MOST)
        mcd_check_fail(c, "describe", "0 once there is no device of that number",
                       "a device of number %d", (int)MOST);
    else if (!failed && count == 0)
        mcd_check_fail(c, "describe", "the device that it runs on, at least", "none");
}

void mcd_backend_check_listed(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_engine engine;
    if (mcd_check_status(c, "creation", mcd_engine_open(c->spec, 2, &engine, &e), &e))
        return;
    if (engine.api->describe)
        judge_list(c, &engine);
    else
        mcd_check_skip(c, "it does not say what a machine has");
    mcd_engine_close(&engine);
}
