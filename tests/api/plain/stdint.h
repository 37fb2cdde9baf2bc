/* SPDX-License-Identifier: ISC */
/* For foreign-function interfaces, which know these types: no more than what the public headers take from stdint.h besides. */
#ifndef PLAIN_STDINT_H
#define PLAIN_STDINT_H
#define INT64_MAX 9223372036854775807
#define UINT32_MAX 4294967295u
#endif
