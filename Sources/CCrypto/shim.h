// The plain functions of SHA-256 keep their state in the caller's memory. What replaces them loads
// providers and configuration, which a static executable has no use for.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
