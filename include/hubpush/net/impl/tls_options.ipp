#pragma once

#include <hubpush/net/tls_options.hpp>

#include <cstdlib>

namespace hubpush::inline v0 {

HUBPUSH_DECL tls_options tls_options::from_environment() {
    for (const char* const name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
        const char* const value = ::secure_getenv(name);  // nothing in a program with raised privileges (SEC20)
        if (value != nullptr && *value != '\0') return tls_options(value, name);
    }
    return tls_options();
}

}  // namespace hubpush::inline v0
