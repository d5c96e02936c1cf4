/* Asking a sampler for masks. */
#include "core/check/asking.h"

#include "core/base/host.h"
#include "core/plugin/loader.h"

#include <math.h>
#include <string.h>

struct mcd_site mcd_asking_site(uint32_t id, double p)
{
    return (struct mcd_site){sizeof(struct mcd_site), id, MCD_BERNOULLI, MCD_ASKED_UNITS, p};
}

static void clear_beyond(struct mcd_asked *to)
{
    to->word[MCD_ASKED_WORDS - 1] &= (1u << MCD_ASKED_UNITS % 32) - 1;
}

/* What the backends read from the stream that the sampler names. */
static void expand(const struct mcd_site *site, uint64_t seed, const struct mcd_draw *d,
                   uint64_t row, struct mcd_asked *to)
{
    struct mcd_address a = {seed, d->stream, MCD_DOMAIN_PREDICT, site->id,
                            d->shared ? 0 : (uint32_t)row};
    for (uint32_t block = 0; 4 * block < MCD_ASKED_WORDS; block++) {
        uint32_t out[4];
        mcd_drop_block(&a, block, mcd_threshold(site->p), d->flip, out);
        for (uint32_t w = 0; w < 4 && 4 * block + w < MCD_ASKED_WORDS; w++)
            to->word[4 * block + w] = out[w];
    }
}

int mcd_asking_bits(const struct mcd_asking *a, const struct mcd_site *site, uint64_t seed,
                    uint64_t pass, uint64_t row, struct mcd_asked *to)
{
    struct mcd_error e = {0};
    struct mcd_draw d = {0};
    int status = a->api->fill ? a->api->fill(a->self, site, seed, pass, row, to->word, &e)
                              : a->api->draw(a->self, site, seed, pass, &d, &e);
    if (mcd_check_status(a->check,
                         a->api->fill ? "fill at a Bernoulli site" : "draw at a Bernoulli site",
                         status, &e))
        return -1;
    if (!a->api->fill)
        expand(site, seed, &d, row, to);
    clear_beyond(to);
    return 0;
}

double mcd_asking_uneven(const struct mcd_asking *a)
{
    return (floor(0.4 * a->group) + 0.5) / a->group;
}

uint64_t mcd_asking_pass(const struct mcd_asking *a, uint64_t group, uint32_t number)
{
    uint32_t any = mcd_philox(a->check->seed, number, 0x70617373, 0, 0).w[0];
    return group * a->group + any % a->group;
}

/* Rows share their masks if they do so in every pass. */
static int find_out_rows(struct mcd_asking *a)
{
    struct mcd_site site = mcd_asking_site(0, 0.5);
    a->shares_rows = 1;
    for (uint64_t pass = 0; pass < 16; pass++) {
        struct mcd_asked first, second;
        if (mcd_asking_bits(a, &site, a->check->seed, pass, 3, &first) ||
            mcd_asking_bits(a, &site, a->check->seed, pass, 4, &second))
            return -1;
        if (memcmp(&first, &second, sizeof first) != 0)
            a->shares_rows = 0;
    }
    return 0;
}

int mcd_asking_open(struct mcd_checking *c, uint32_t threads, struct mcd_asking *a)
{
    struct mcd_error e = {0};
    *a = (struct mcd_asking){.check = c, .host = mcd_host_create(threads, NULL, NULL, &e)};
    int status = a->host ? mcd_item_open(a->host, MCD_SAMPLER, c->spec, &a->item, &e) : MCD_NOMEM;
    int failed = mcd_check_status(c, "creation", status, &e);
    if (!failed) {
        a->api = a->item->plugin->api;
        a->self = a->item->self;
        uint32_t group = a->api->group(a->self);
        a->group = group < 1 ? 1 : group > 65536 ? 65536 : group;
        if (!a->api->draw && !a->api->fill)
            failed = mcd_check_fail(c, "api", "draw, fill or both", "neither");
    }
    if (!failed)
        failed = find_out_rows(a);
    if (failed)
        mcd_asking_close(a);
    return failed;
}

void mcd_asking_close(struct mcd_asking *a)
{
    if (a->item)
        mcd_item_close(a->host, a->item);
    mcd_host_destroy(a->host);
}
