/* NSS in FIPS mode as a PKCS #11 library: softokn has a second list of functions for it, which no PKCS #11 program asks for by name. */
#include <dlfcn.h>
#include <pkcs11/pkcs11.h>

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  void *library = dlopen("libsoftokn3.so", RTLD_NOW);
  if (!library) return CKR_GENERAL_ERROR;
  CK_RV (*of_fips)(CK_FUNCTION_LIST_PTR_PTR) = (CK_RV (*)(CK_FUNCTION_LIST_PTR_PTR))dlsym(library, "FC_GetFunctionList");
  return of_fips ? of_fips(list) : CKR_GENERAL_ERROR;
}
