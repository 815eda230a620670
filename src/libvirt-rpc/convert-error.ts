import { isVirtnetError } from '../base/errors.ts';
import type { VirtnetError } from '../base/errors.ts';
import { Code, Domain } from './protocol/error-numbers.ts';
import { RemoteError, remoteError, remoteErrorOfMessage } from './remote-error.ts';

/** Codes of virtnet that libvirt has a word for, where the error does not say itself. */
const byCode: Readonly<Record<string, number>> = {
  VND001: Code.noNetwork,
  VND002: Code.operationFailed,
  VND003: Code.operationInvalid,
  VND004: Code.noNetworkPort,
  VNH004: 87,
};

/** Whose matter it is where it is not the network driver's: that a program failed is told by what libvirt starts programs with. */
const byDomain: Readonly<Record<string, number>> = { VNH005: Domain.none };

/** The one place where any failure becomes what a libvirt client is told. */
export function toRemoteError(failure: unknown): RemoteError {
  if (failure instanceof RemoteError) return failure;
  if (isVirtnetError(failure)) return ofVirtnetError(failure);
  const detail = failure instanceof Error ? failure.message : String(failure);
  return remoteError(Code.internalError, Domain.network, detail);
}

function ofVirtnetError(error: VirtnetError): RemoteError {
  const { libvirt } = error;
  if (libvirt !== undefined) return remoteError(libvirt.code, libvirt.domain ?? Domain.network, libvirt.message ?? error.message);
  for (const diagnostic of error.diagnostics) {
    const told = diagnostic.libvirt;
    if (diagnostic.severity === 'error' && told !== undefined)
      return remoteErrorOfMessage(told.code, told.domain ?? Domain.network, told.message);
  }
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return remoteError(byCode[error.code] ?? Code.internalError, byDomain[error.code] ?? Domain.network, `${error.message}${hint}`);
}
