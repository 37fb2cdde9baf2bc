/* SPDX-License-Identifier: ISC */
/* error: the names of errors. */
#include <autovpn/types.h>

const char *avpn_error_name(int32_t error)
{
    switch (error) {
    case AVPN_OK:
        return "AVPN_OK";
    case AVPN_ERROR_ARGUMENT:
        return "AVPN_ERROR_ARGUMENT";
    case AVPN_ERROR_MEMORY:
        return "AVPN_ERROR_MEMORY";
    case AVPN_ERROR_STATE:
        return "AVPN_ERROR_STATE";
    case AVPN_ERROR_LIMIT:
        return "AVPN_ERROR_LIMIT";
    case AVPN_ERROR_FORMAT:
        return "AVPN_ERROR_FORMAT";
    case AVPN_ERROR_AUTH:
        return "AVPN_ERROR_AUTH";
    case AVPN_ERROR_VERSION:
        return "AVPN_ERROR_VERSION";
    case AVPN_ERROR_EXPIRED:
        return "AVPN_ERROR_EXPIRED";
    case AVPN_ERROR_NOT_FOUND:
        return "AVPN_ERROR_NOT_FOUND";
    case AVPN_ERROR_EMPTY:
        return "AVPN_ERROR_EMPTY";
    case AVPN_ERROR_SPACE:
        return "AVPN_ERROR_SPACE";
    case AVPN_ERROR_RANDOM:
        return "AVPN_ERROR_RANDOM";
    case AVPN_ERROR_EXHAUSTED:
        return "AVPN_ERROR_EXHAUSTED";
    default:
        return "unknown";
    }
}
