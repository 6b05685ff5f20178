// The members of replies that pages read, in the words of the API: the tokens of an HSM.

export interface HsmTokens {
  readonly Tokens: { readonly Token: readonly HsmToken[] }
}

/** Texts are '' if the token does not have them. */
export interface HsmToken {
  readonly Name: string
  readonly State: 'Serving' | 'Away' | 'PinRefused'
  readonly Reason: string
  readonly Label: string
  readonly Manufacturer: string
  readonly Model: string
  readonly SerialNumber: string
  readonly Firmware: string
  readonly Abilities: {
    readonly Ability: readonly { readonly Name: string; readonly Supported: boolean; readonly Reason?: string }[]
  }
}
