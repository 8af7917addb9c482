#ifndef STOMPTAP_COPENSSL_SHIM_H
#define STOMPTAP_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

// Much of OpenSSL's interface is macros, which Swift does not see.

static inline void stomptap_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline long stomptap_ssl_ctx_get_min_version(SSL_CTX *context) { return SSL_CTX_get_min_proto_version(context); }

static inline int stomptap_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int stomptap_ssl_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline void stomptap_ssl_ctx_turn_session_cache_off(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int stomptap_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline long stomptap_bio_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline void stomptap_bio_reset(BIO *bio) { (void)BIO_reset(bio); }

static inline int stomptap_x509_count(const STACK_OF(X509) *stack) { return stack ? sk_X509_num(stack) : 0; }

static inline X509 *stomptap_x509_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }

static inline void stomptap_x509_free_all(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline int stomptap_name_count(const STACK_OF(X509_NAME) *stack) { return stack ? sk_X509_NAME_num(stack) : 0; }

static inline X509_NAME *stomptap_name_at(const STACK_OF(X509_NAME) *stack, int index) {
    return sk_X509_NAME_value(stack, index);
}

static inline int stomptap_general_name_count(const GENERAL_NAMES *names) {
    return names ? sk_GENERAL_NAME_num(names) : 0;
}

static inline GENERAL_NAME *stomptap_general_name_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

static inline int stomptap_object_count(const EXTENDED_KEY_USAGE *objects) {
    return objects ? sk_ASN1_OBJECT_num(objects) : 0;
}

static inline ASN1_OBJECT *stomptap_object_at(const EXTENDED_KEY_USAGE *objects, int index) {
    return sk_ASN1_OBJECT_value(objects, index);
}

static inline int stomptap_err_unsupported(void) { return ERR_R_UNSUPPORTED; }

static inline unsigned long stomptap_name_string_flags(void) {
    return ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |
           ASN1_STRFLGS_DUMP_DER;
}

static inline void stomptap_ssl_ctx_set_strict_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
}

#endif
