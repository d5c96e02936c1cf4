/* fields: what draw and fill must write, and that they write nothing else. */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_UNITS = 1000, WORDS = (MOST_UNITS + 31) / 32, GUARD = 2 };

static const uint64_t passes[] = {0, 1, 2, 65535, 65536, 4294967295, 4294967296};

/* ---- draw ----------------------------------------------------------------------------------- */

static int field(struct mcd_checking *c, const char *where, const char *expected, uint64_t value)
{
    return mcd_check_fail(c, where, expected, "%" PRIu64, value);
}

/* Two answers into memory that held different things agree where they were written. */
static int fields_are_set(struct mcd_checking *c, const struct mcd_draw *d,
                          const struct mcd_draw *again)
{
    if (d->stream != again->stream)
        return field(c, "draw: stream", "set, a function of the arguments", d->stream);
    if (d->flip != again->flip || d->flip > 1)
        return field(c, "draw: flip", "set, to 0 or 1", d->flip);
    if (d->shared != again->shared || d->shared > 1)
        return field(c, "draw: shared", "set, to 0 or 1", d->shared);
    for (size_t i = 0; i < sizeof d->room / sizeof *d->room; i++)
        if (d->room[i] != 0 || again->room[i] != 0)
            return field(c, "draw: room", "set to 0: assign the whole struct", d->room[i]);
    if (d->stream >= MCD_MAX_STREAM)
        return field(c, "draw: stream", "below 2^48", d->stream);
    return 0;
}

/* A law that the sampler does not serve is refused with MCD_INVALID and a reason. */
static int ask_draw(const struct mcd_asking *a, const struct mcd_site *site, uint64_t pass)
{
    struct mcd_error e = {0};
    struct mcd_draw d, again;
    memset(&d, 0xA5, sizeof d);
    memset(&again, 0x5A, sizeof again);
    int status = a->api->draw(a->self, site, a->check->seed, pass, &d, &e);
    mcd_check_looked(a->check, 1);
    if (status == MCD_INVALID && *e.text && site->law != MCD_BERNOULLI)
        return 0;
    if (status)
        return mcd_check_fail(
            a->check, "draw",
            "success, or for another law than Bernoulli's MCD_INVALID with a reason",
            "status %d, '%s'", status, e.text);
    status = a->api->draw(a->self, site, a->check->seed, pass, &again, &e);
    return mcd_check_status(a->check, "draw, asked again", status, &e) ||
           fields_are_set(a->check, &d, &again);
}

static int draws(const struct mcd_asking *a)
{
    for (uint32_t law = a->api->fill ? MCD_GAUSSIAN : MCD_BERNOULLI; law <= MCD_UNIFORM; law++)
        for (uint32_t id = 0; id < MCD_MAX_SITES; id += 819)
            for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
                struct mcd_site site = {sizeof site, id, law, MCD_ASKED_UNITS, 0.3};
                if (ask_draw(a, &site, passes[i]))
                    return -1;
            }
    return 0;
}

/* ---- fill ----------------------------------------------------------------------------------- */

/* Both rows of words were full of something else before. */
static int words_are_set(struct mcd_checking *c, uint32_t units, const uint32_t *first,
                         const uint32_t *second)
{
    char where[60];
    uint32_t words = (units + 31) / 32;
    for (uint32_t unit = 0; unit < units; unit++)
        if ((first[unit / 32] ^ second[unit / 32]) >> unit % 32 & 1) {
            snprintf(where, sizeof where, "fill: %u units, word %u", units, unit / 32);
            return mcd_check_fail(c, where, "set, a function of the arguments",
                                  "bit %u is what it was before", unit % 32);
        }
    for (uint32_t w = words; w < words + GUARD; w++)
        if (first[w] != 0xA5A5A5A5u || second[w] != 0x5A5A5A5Au) {
            snprintf(where, sizeof where, "fill: %u units, %u words", units, words);
            return mcd_check_fail(c, where, "nothing written beyond them", "word %u was", w);
        }
    return 0;
}

static int ask_fill(const struct mcd_asking *a, uint32_t units, uint64_t pass, double p)
{
    struct mcd_site site = {sizeof site, 1, MCD_BERNOULLI, units, p};
    uint32_t first[WORDS + GUARD], second[WORDS + GUARD];
    struct mcd_error e = {0};
    memset(first, 0xA5, sizeof first);
    memset(second, 0x5A, sizeof second);
    int status = a->api->fill(a->self, &site, a->check->seed, pass, 6, first, &e);
    if (!status)
        status = a->api->fill(a->self, &site, a->check->seed, pass, 6, second, &e);
    mcd_check_looked(a->check, 1);
    return mcd_check_status(a->check, "fill", status, &e) ||
           words_are_set(a->check, units, first, second);
}

static int fills(const struct mcd_asking *a)
{
    static const uint32_t units[] = {1, 2, 31, 32, 33, 127, 128, 129, 160, MOST_UNITS};
    static const double p[] = {0, 0.3, 1};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t k = 0; k < sizeof p / sizeof *p; k++)
            for (size_t j = 0; j < sizeof passes / sizeof *passes; j++)
                if (ask_fill(a, units[i], passes[j], p[k]))
                    return -1;
    return 0;
}

void mcd_sampler_check_fields(struct mcd_checking *c)
{
    struct mcd_asking a;
    if (mcd_asking_open(c, 1, &a))
        return;
    int failed = a.api->draw ? draws(&a) : 0;
    if (!failed && a.api->fill)
        fills(&a);
    mcd_asking_close(&a);
}
