/* What the program runs on, in words. */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

/* "AMD EPYC 9R14, 2 CPUs, 8 GB of memory" */
struct mcd_machine {
    char text[300];
};

struct mcd_machine mcd_machine(void);

#endif
