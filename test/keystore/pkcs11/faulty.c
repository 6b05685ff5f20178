/*
 * A PKCS #11 library that passes everything on to the real one named by FAULTY_MODULE, but for the harm that the file
 * FAULTY_CONTROL asks for at the moment, as a line `FUNCTION HARM EVERY`. FUNCTION is C_EncryptInit or C_Encrypt; EVERY: only each
 * so manyth call. HARM: a return value in hexadecimal (0x30 is CKR_DEVICE_ERROR); `logout`, which logs the token out; or `wait-MS`.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CK_PTR *
#define CK_DEFINE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#define NULL_PTR 0
#include <pkcs11/pkcs11.h>

static CK_FUNCTION_LIST_PTR real;
static CK_FUNCTION_LIST ours;

static CK_RV harm(const char *function, CK_SESSION_HANDLE session) {
  static unsigned long calls;
  char name[32], what[32];
  unsigned long every;
  const char *path = getenv("FAULTY_CONTROL");
  FILE *control = path ? fopen(path, "r") : NULL;
  if (!control) return CKR_OK;
  int read = fscanf(control, "%31s %31s %lu", name, what, &every);
  fclose(control);
  if (read != 3 || every == 0 || strcmp(name, function) != 0) return CKR_OK;
  if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % every != 0) return CKR_OK;
  if (strcmp(what, "logout") == 0) {
    real->C_Logout(session);
    return CKR_OK;
  }
  if (strncmp(what, "wait-", 5) == 0) {
    usleep((useconds_t)atol(what + 5) * 1000);
    return CKR_OK;
  }
  return strtoul(what, NULL, 16);
}

static CK_RV encryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
  CK_RV value = harm("C_EncryptInit", session);
  return value == CKR_OK ? real->C_EncryptInit(session, mechanism, key) : value;
}

static CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length, CK_BYTE_PTR out, CK_ULONG_PTR outLength) {
  CK_RV value = harm("C_Encrypt", session);
  return value == CKR_OK ? real->C_Encrypt(session, data, length, out, outLength) : value;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  if (!real) {
    void *module = dlopen(getenv("FAULTY_MODULE"), RTLD_NOW);
    CK_C_GetFunctionList get = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    if (!get) return CKR_GENERAL_ERROR;
    CK_RV value = get(&real);
    if (value != CKR_OK) return value;
    ours = *real;
    ours.C_EncryptInit = encryptInit;
    ours.C_Encrypt = encrypt;
  }
  *list = &ours;
  return CKR_OK;
}
