/* SPDX-License-Identifier: Apache-2.0 */
/* replay: a fuzz target without the fuzzer: runs it on the files that it is given. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
	size_t size;

	if (file && data) {
		size = fread(data, 1, INPUT_MAX, file);
		exact = malloc(size ? size : 1); /* a block of this size: a read past its end is seen */
		if (exact) {
			memcpy(exact, data, size);
			LLVMFuzzerTestOneInput(exact, size);
		}
	}
	if (file)
		fclose(file);
	free(data);
	free(exact);
	return exact;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]))
			continue;
		perror(argv[i]);
		return 1;
	}
	return 0;
}
