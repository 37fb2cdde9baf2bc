/* SPDX-License-Identifier: ISC */
/* See stdint.h: the public headers take size_t alone from here. */
