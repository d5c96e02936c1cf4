/* claims: what a backend says of itself, and which steps it offers to do. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"

#include <stdio.h>
#include <string.h>

enum { OPS = 96 };

struct offers {
    uint32_t of[OPS], refused[OPS];
};

/* The core sets the size and zeroes the rest. */
static int judge_info(struct mcd_checking *c, const struct mcd_engine *s)
{
    struct mcd_backend_info info = {.size = sizeof info};
    s->api->info(s->self, &info);
    mcd_check_looked(c, 1);
    if (info.type != MCD_F32 && info.type != MCD_F64)
        return mcd_check_fail(c, "info: type", "MCD_F32 or MCD_F64", "%u", info.type);
    if (!*info.device || !memchr(info.device, 0, sizeof info.device))
        return mcd_check_fail(c, "info: device", "a text that ends within 64 bytes", "%s",
                              *info.device ? "no end" : "none");
    if (!memchr(info.library, 0, sizeof info.library))
        return mcd_check_fail(c, "info: library", "a text that ends within 64 bytes", "no end");
    return 0;
}

static void ask_all(const struct mcd_engine *s, const struct mcd_case_list *l, uint32_t stride,
                    struct offers *o)
{
    for (uint32_t i = 0; i < l->count; i += stride) {
        struct mcd_placed_step p;
        const struct mcd_step_case *c = &l->at[i];
        o->of[c->op]++;
        if (mcd_step_place(s, c, 0, &p, NULL) == MCD_OK)
            mcd_step_remove(&p);
        else
            o->refused[c->op]++;
    }
}

/* "refuses DROP, 3 of 120 CONV2D" */
static void tell(struct mcd_checking *c, const struct offers *o)
{
    char text[400];
    int n = 0;
    for (uint32_t op = 0; op < OPS && n < (int)sizeof text; op++) {
        const char *name = mcd_case_op_name(op), *comma = n ? ", " : "";
        if (o->refused[op] && o->refused[op] == o->of[op])
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", comma, name);
        else if (o->refused[op])
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%u of %u %s", comma, o->refused[op],
                          o->of[op], name);
    }
    if (n)
        mcd_check_note(c, "refuses %s", text);
}

static void judge_offers(struct mcd_checking *c, const struct mcd_engine *s)
{
    struct offers o = {{0}, {0}};
    struct mcd_case_list list = mcd_cases_create();
    uint64_t all = 0, refused = 0;
    ask_all(s, &list, c->quick ? 7 : 1, &o);
    mcd_cases_release(&list);
    for (uint32_t op = 0; op < OPS; op++) {
        all += o.of[op];
        refused += o.refused[op];
    }
    mcd_check_looked(c, all);
    if (refused == all)
        mcd_check_fail(c, "kernel", "an offer for some step at least",
                       "all %llu are refused: the backend offers to do nothing",
                       (unsigned long long)all);
    else
        tell(c, &o);
}

void mcd_backend_check_claims(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_engine s;
    if (mcd_check_status(c, "creation", mcd_engine_open(c->spec, 1, &s, &e), &e))
        return;
    if (!judge_info(c, &s))
        judge_offers(c, &s);
    mcd_engine_close(&s);
}
