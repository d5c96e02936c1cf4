/* Starts a thread that nobody ends; linked with -z nodelete, so that its code stays where it is. */
#define BAD_NAME   "lingers"
#define BAD_CREATE create_and_linger
#include <mcdrop/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static void *linger(void *arg)
{
    for (;;)
        pause();
    return arg;
}

/* One is enough. */
static int create_and_linger(MCD_CREATE_ARGS)
{
    static atomic_flag started = ATOMIC_FLAG_INIT;
    pthread_t thread;
    *self = NULL;
    if (!atomic_flag_test_and_set(&started) && pthread_create(&thread, NULL, linger, NULL) != 0)
        return host->fail(error, MCD_NOMEM, "", "no thread to be had");
    return MCD_OK;
}

#include "working.h"
