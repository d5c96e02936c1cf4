/* Changes the process, as told. */
#define BAD_NAME   "meddles"
#define BAD_CREATE create_and_meddle
#define BAD_TABLE(X)                                                                               \
    X(ENUM, with, "nothing",                                                                       \
      "nothing|locale|folder|environment|handler|mask|umask|rounding|files|denormals",             \
      "what it changes")
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <mcdrop/plugin.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Numbers next to 0 become 0 from now on. */
static int lose_denormals(void)
{
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000);
    return 0;
#else
    return -1;
#endif
}

static int meddle(int with)
{
    sigset_t set;
    switch (with) {
    case 1:
        return setlocale(LC_ALL, "C.UTF-8") == NULL;
    case 2:
        return chdir("/");
    case 3:
        return setenv("MEDDLED", "1", 1);
    case 4:
        return signal(SIGUSR1, SIG_IGN) == SIG_ERR;
    case 5:
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        return sigprocmask(SIG_BLOCK, &set, NULL);
    case 6:
        umask(0123);
        return 0;
    case 7:
        return fesetround(FE_UPWARD);
    case 8:
        return open("/dev/null", O_RDONLY) < 0;
    case 9:
        return lose_denormals();
    default:
        return 0;
    }
}

static int create_and_meddle(MCD_CREATE_ARGS BAD_TABLE(MCD_ARG))
{
    *self = NULL;
    if (meddle(with) != 0)
        return host->fail(error, MCD_UNSUPPORTED, "with", "not possible here");
    return MCD_OK;
}

#include "working.h"
