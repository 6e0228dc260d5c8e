/*
 * replay FILE...: hands each file to the fuzzer's target, for those who have no libFuzzer.
 * Aborts on a fault.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    enum { SIZE_MAX_BYTES = 1 << 20 };

    for (int i = 1; i < argc; i++) {
        static uint8_t data[SIZE_MAX_BYTES];
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL)
            return 1;
        size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        /* In a block of just its size, so that a read past its end is seen. */
        uint8_t *exact = malloc(size != 0 ? size : 1);
        if (exact == NULL)
            return 1;
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    return 0;
}
