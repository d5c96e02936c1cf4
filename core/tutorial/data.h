/* Which images the tutorial has, and what the data are, byte by byte. */
#ifndef CORE_TUTORIAL_DATA_H
#define CORE_TUTORIAL_DATA_H

#include "core/tutorial/scale.h"

/*
 * Sets images, images_id and series_id: MNIST, else Fashion-MNIST. Where neither is found it is
 * MNIST without an id, so that the commands that want it say how to get it.
 */
int mcd_tutorial_find_data(struct mcd_tutorial *t, struct mcd_error *e);

#endif
