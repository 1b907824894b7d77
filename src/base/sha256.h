/* SPDX-License-Identifier: Apache-2.0 */
/* sha256: SHA-256 (FIPS 180-4), for naming files by what is in them. Pure but for sha256_of_file. */
#ifndef BULKHEAD_BASE_SHA256_H
#define BULKHEAD_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT_SIZE (7 + 64 + 1) /* "sha256:", digits of base 16, and the NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);
/* "sha256:…", as images are named. */
void sha256_end(struct sha256 *hash, char ret_text[SHA256_TEXT_SIZE]);
/* The same of a whole file, whose offset stays where it is. 0 or -errno. */
int sha256_of_file(int fd, char ret_text[SHA256_TEXT_SIZE]);

#endif
