#!/bin/bash
# test_openblas with every build of OpenBLAS that Debian has put side by side: pthread, OpenMP,
# sequential. Which one is the system's choice does not matter then.
set -u
builds=0
for library in /usr/lib/*/openblas-*/libopenblas.so.0; do
    [ -e "$library" ] || continue
    builds=$((builds + 1))
    echo "# with $library"
    LD_LIBRARY_PATH=$(dirname "$library") "$MCDROP_TEST_BUILDDIR/test_openblas" || exit 1
done
if [ "$builds" -lt 2 ]; then
    echo "skipped: $builds build of OpenBLAS installed; libopenblas0-pthread, libopenblas0-openmp and"
    echo "libopenblas0-serial together make this test"
    exit 77
fi
