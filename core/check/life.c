/* What is demanded of creating and destroying, whatever the kind. */
#include "core/check/life.h"

#include "core/check/maker.h"

#include <pthread.h>
#include <stdio.h>

/* ---- output, threads ------------------------------------------------------------------------- */

/* Who runs checks sees what a plugin prints and which threads it leaves: these only let it live. */
static void check_manners(struct mcd_checking *c)
{
    struct mcd_maker m;
    struct mcd_error e = {0};
    void *self;
    int status = mcd_maker_open(c, &m) == 0 ? mcd_maker_create(&m, &self, &e) : MCD_INVALID;
    if (status == MCD_OK)
        mcd_maker_destroy(&m, self);
    mcd_check_looked(c, 1);
    mcd_maker_close(&m);
}

/* ---- create ---------------------------------------------------------------------------------- */

static int create_once(struct mcd_checking *c, const struct mcd_maker *m, void **self)
{
    struct mcd_error e = {0};
    int status = mcd_maker_create(m, self, &e);
    mcd_check_looked(c, 1);
    if (status == MCD_OK)
        return 0;
    mcd_check_fail(c, "create", "an object", "status %d, %s%s%s", status, e.where,
                   *e.where ? ": " : "", e.text);
    mcd_check_remedy(c, "if it wants other parameters, give them: NAME:key=value");
    return -1;
}

static void create_often(struct mcd_checking *c, const struct mcd_maker *m)
{
    void *self;
    for (int i = 0; i < (c->quick ? 20 : 200) && create_once(c, m, &self) == 0; i++)
        mcd_maker_destroy(m, self);
}

/* The first goes before the second, so that what they share would be missed by then. */
static void create_two(struct mcd_checking *c, const struct mcd_maker *m)
{
    void *a, *b;
    if (create_once(c, m, &a) != 0)
        return;
    if (create_once(c, m, &b) == 0) {
        if (a && a == b)
            mcd_check_fail(c, "create", "an object for each call", "two calls gave the same one");
        else
            mcd_maker_destroy(m, b);
    }
    mcd_maker_destroy(m, a);
}

struct crowd {
    const struct mcd_maker *maker;
    struct mcd_checking checking; /* each thread's own */
};

static void *create_in_crowd(void *arg)
{
    struct crowd *one = arg;
    create_often(&one->checking, one->maker);
    create_two(&one->checking, one->maker);
    return NULL;
}

/* From several threads at once. */
static void create_together(struct mcd_checking *c, const struct mcd_maker *m)
{
    enum { CROWD = 4 };
    struct crowd one[CROWD];
    pthread_t thread[CROWD];
    int started = 0;
    for (int i = 0; i < CROWD; i++)
        one[i] = (struct crowd){m, {.quick = c->quick, .verdict = MCD_CHECK_PASSED}};
    while (started < CROWD &&
           pthread_create(&thread[started], NULL, create_in_crowd, &one[started]) == 0)
        started++;
    if (started < CROWD)
        mcd_check_fail(c, "", "four threads", "the system gives no more than %d", started);
    for (int i = 0; i < started; i++) {
        const struct mcd_checking *its = &one[i].checking;
        pthread_join(thread[i], NULL);
        mcd_check_looked(c, its->cases);
        if (its->verdict == MCD_CHECK_FAILED)
            mcd_check_fail(c, "create, from four threads at once", its->expected, "%s", its->seen);
    }
}

static void check_create(struct mcd_checking *c)
{
    struct mcd_maker m;
    if (mcd_maker_open(c, &m) == 0) {
        create_often(c, &m);
        if (c->verdict == MCD_CHECK_PASSED)
            create_two(c, &m);
        if (c->verdict == MCD_CHECK_PASSED)
            create_together(c, &m);
    }
    mcd_maker_close(&m);
}

enum { ANY = 0x1e };

const struct mcd_check mcd_checks_life[] = {
    {"create", ANY, "objects are made and destroyed often, side by side, by several threads",
     check_create},
    {"output", ANY, "it prints nothing when it is loaded, created and destroyed", check_manners},
    {"threads", ANY, "no thread of its is left when it is gone", check_manners},
    {"parameters", ANY, "every value of a domain is taken, or refused by the parameter's name",
     mcd_check_parameters},
    {"starve", ANY, "creation fails cleanly wherever memory ends", mcd_check_starve},
    {"leak", ANY, "what is destroyed leaves no memory behind", mcd_check_leak},
    {"process", ANY, "locale, signals, environment, rounding and files stay as they are",
     mcd_check_process},
    {0},
};
