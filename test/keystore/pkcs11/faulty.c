/*
 * A PKCS #11 library that passes everything on to the real one named by FAULTY_MODULE, but for the harm that the file
 * FAULTY_CONTROL asks for at the moment, as lines `FUNCTION HARM EVERY`. FUNCTION is one of those wrapped below; EVERY: only each
 * so manyth call. HARM: a return value in hexadecimal (0x30 is CKR_DEVICE_ERROR); `done-VALUE`, which is returned after the work was
 * done; `bad-tag-VALUE`, which C_Decrypt returns where the real library fails; `logout`, which logs the token out; `wait-MS`; `hold`:
 * wait until this is asked for no more; `alone`: the same, and no other function does anything meanwhile; `note`: no harm at all.
 *
 * While the file FAULTY_EXPLICIT is there, C_UnwrapKey refuses wrong padding of PKCS #1 v1.5, as the standard wants it; the
 * libraries that tests use yield random bytes instead.
 *
 * It appends to the file FAULTY_LOG: `login SLOT VALUE` for each C_Login; `stale FUNCTION` for each use of a session that was
 * opened before the last C_Logout; `hold`, `alone` or `note` with the FUNCTION when it comes to that.
 */
#include <dlfcn.h>
#include <pthread.h>
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

#define MOST_SESSIONS 65536
/* Mark a value that is returned after the work was done, or when it failed. */
#define DONE (1UL << 40)
#define BAD_TAG (1UL << 41)

static CK_FUNCTION_LIST_PTR real;
static CK_FUNCTION_LIST ours;
static unsigned char loginOf[MOST_SESSIONS];
static unsigned char login = 1;
static pthread_rwlock_t inUse = PTHREAD_RWLOCK_INITIALIZER;

static void note(const char *what, const char *name, unsigned long number) {
  const char *path = getenv("FAULTY_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (!log) return;
  fprintf(log, "%s %s 0x%lx\n", what, name, number);
  fclose(log);
}

/* Whether the control file has this line, whatever its EVERY. */
static int isAsked(const char *function, const char *harm) {
  char name[32], what[32];
  unsigned long every;
  int found = 0;
  FILE *control = fopen(getenv("FAULTY_CONTROL"), "r");
  while (control && !found && fscanf(control, "%31s %31s %lu", name, what, &every) == 3)
    found = strcmp(name, function) == 0 && strcmp(what, harm) == 0;
  if (control) fclose(control);
  return found;
}

static void hold(const char *function, const char *harm) {
  note(harm, function, 0);
  while (isAsked(function, harm)) usleep(2000);
}

static CK_RV harmed(const char *function, const char *what, CK_SESSION_HANDLE session) {
  if (strcmp(what, "logout") == 0) {
    real->C_Logout(session);
    return CKR_OK;
  }
  if (strncmp(what, "wait-", 5) == 0) {
    usleep((useconds_t)atol(what + 5) * 1000);
    return CKR_OK;
  }
  if (strcmp(what, "note") == 0) {
    note(what, function, 0);
    return CKR_OK;
  }
  if (strcmp(what, "hold") == 0) {
    hold(function, what);
    return CKR_OK;
  }
  if (strcmp(what, "alone") == 0) {
    pthread_rwlock_wrlock(&inUse);
    hold(function, what);
    pthread_rwlock_unlock(&inUse);
    return CKR_OK;
  }
  if (strncmp(what, "bad-tag-", 8) == 0) return BAD_TAG | strtoul(what + 8, NULL, 16);
  return strncmp(what, "done-", 5) == 0 ? DONE | strtoul(what + 5, NULL, 16) : strtoul(what, NULL, 16);
}

static CK_RV harm(const char *function, CK_SESSION_HANDLE session) {
  static unsigned long calls;
  char name[32], what[32];
  unsigned long every;
  if (session < MOST_SESSIONS && loginOf[session] != 0 && loginOf[session] != login) note("stale", function, session);
  pthread_rwlock_rdlock(&inUse);
  pthread_rwlock_unlock(&inUse);
  const char *path = getenv("FAULTY_CONTROL");
  FILE *control = path ? fopen(path, "r") : NULL;
  if (!control) return CKR_OK;
  CK_RV value = CKR_OK;
  while (value == CKR_OK && fscanf(control, "%31s %31s %lu", name, what, &every) == 3)
    if (every != 0 && strcmp(name, function) == 0 && __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % every == 0)
      value = harmed(function, what, session);
  fclose(control);
  return value;
}

#define WRAP(function, parameters, ...)                                       \
  static CK_RV our_##function parameters {                                    \
    CK_RV value = harm(#function, session);                                   \
    if (value != CKR_OK && !(value & DONE)) return value;                     \
    CK_RV its = real->function(session, __VA_ARGS__);                         \
    return value & DONE ? value & ~DONE : its;                                \
  }

WRAP(C_EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key), m, key)
WRAP(C_Encrypt, (CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG n, CK_BYTE_PTR out, CK_ULONG_PTR m), in, n, out, m)
WRAP(C_DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key), m, key)
WRAP(C_SignInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key), m, key)
WRAP(C_Sign, (CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG n, CK_BYTE_PTR out, CK_ULONG_PTR m), in, n, out, m)
WRAP(C_GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG n), out, n)
WRAP(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), object)
WRAP(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR t, CK_ULONG n), t, n)
WRAP(C_GetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR t, CK_ULONG n), object, t, n)
WRAP(C_GenerateKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_OBJECT_HANDLE_PTR key), m, t, n, key)

/* Whose padding is to be looked at must decrypt. */
static CK_RV our_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR a, CK_ULONG n, CK_ATTRIBUTE_PTR b,
  CK_ULONG k, CK_OBJECT_HANDLE_PTR x, CK_OBJECT_HANDLE_PTR y) {
  static CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE own[32];
  CK_RV value = harm("C_GenerateKeyPair", session);
  if (value != CKR_OK) return value;
  for (CK_ULONG i = 0; i < k && i < 32; i++) {
    own[i] = b[i];
    if (own[i].type == CKA_DECRYPT) own[i].pValue = &yes;
  }
  return real->C_GenerateKeyPair(session, m, a, n, own, k, x, y);
}

static int isPadded(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE_PTR in, CK_ULONG n) {
  CK_MECHANISM raw = {CKM_RSA_X_509, NULL, 0};
  CK_BYTE block[256];
  CK_ULONG length = sizeof block, i = 2;
  if (real->C_DecryptInit(session, &raw, key) != CKR_OK || real->C_Decrypt(session, in, n, block, &length) != CKR_OK) return 0;
  while (i < length && block[i] != 0) i++;
  return length == sizeof block && block[0] == 0 && block[1] == 2 && i >= 10 && i < length;
}

static CK_RV our_C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE with, CK_BYTE_PTR in, CK_ULONG k,
  CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_OBJECT_HANDLE_PTR key) {
  CK_RV value = harm("C_UnwrapKey", session);
  if (value != CKR_OK && !(value & DONE)) return value;
  int isExplicit = access(getenv("FAULTY_EXPLICIT"), F_OK) == 0;
  if (isExplicit && m->mechanism == CKM_RSA_PKCS && !isPadded(session, with, in, k)) return CKR_WRAPPED_KEY_INVALID;
  CK_RV its = real->C_UnwrapKey(session, m, with, in, k, t, n, key);
  return value & DONE ? value & ~DONE : its;
}

/* A decryption that fails is over, as the standard wants it. */
static CK_RV our_C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG n, CK_BYTE_PTR out, CK_ULONG_PTR m) {
  CK_RV value = harm("C_Decrypt", session);
  CK_RV its = real->C_Decrypt(session, in, n, out, m);
  if (value & BAD_TAG) return its == CKR_OK ? CKR_OK : value & ~BAD_TAG;
  return value == CKR_OK ? its : value;
}

static CK_RV our_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify, CK_SESSION_HANDLE_PTR session) {
  CK_RV value = harm("C_OpenSession", MOST_SESSIONS);
  if (value == CKR_OK) value = real->C_OpenSession(slot, flags, application, notify, session);
  if (value == CKR_OK && *session < MOST_SESSIONS) loginOf[*session] = login;
  return value;
}

static CK_RV our_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG n) {
  CK_SESSION_INFO info = {0};
  CK_RV value = harm("C_Login", session);
  if (value == CKR_OK) value = real->C_Login(session, user, pin, n);
  real->C_GetSessionInfo(session, &info);
  char slot[32];
  snprintf(slot, sizeof slot, "0x%lx", info.slotID);
  note("login", slot, value);
  return value;
}

static CK_RV our_C_Logout(CK_SESSION_HANDLE session) {
  login = login == 255 ? 1 : login + 1;
  if (session < MOST_SESSIONS) loginOf[session] = login;
  return real->C_Logout(session);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  if (!real) {
    void *module = dlopen(getenv("FAULTY_MODULE"), RTLD_NOW);
    CK_C_GetFunctionList get = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    if (!get) return CKR_GENERAL_ERROR;
    CK_RV value = get(&real);
    if (value != CKR_OK) return value;
    ours = *real;
    ours.C_OpenSession = our_C_OpenSession;
    ours.C_Login = our_C_Login;
    ours.C_Logout = our_C_Logout;
    ours.C_EncryptInit = our_C_EncryptInit;
    ours.C_Encrypt = our_C_Encrypt;
    ours.C_DecryptInit = our_C_DecryptInit;
    ours.C_Decrypt = our_C_Decrypt;
    ours.C_SignInit = our_C_SignInit;
    ours.C_Sign = our_C_Sign;
    ours.C_DestroyObject = our_C_DestroyObject;
    ours.C_GenerateRandom = our_C_GenerateRandom;
    ours.C_FindObjectsInit = our_C_FindObjectsInit;
    ours.C_GetAttributeValue = our_C_GetAttributeValue;
    ours.C_GenerateKey = our_C_GenerateKey;
    ours.C_GenerateKeyPair = our_C_GenerateKeyPair;
    ours.C_UnwrapKey = our_C_UnwrapKey;
  }
  *list = &ours;
  return CKR_OK;
}
