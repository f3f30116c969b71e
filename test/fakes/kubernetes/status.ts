/** An answer that is not a watch. */
export interface Reply {
  readonly status: number;
  /** A log is text; everything else JSON. */
  readonly body: object | string;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A refusal in the API server's own form. */
export const failure = (code: number, message: string, details: object = {}): Reply => ({
  status: code,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code] ?? 'Unknown',
    details,
    code,
  },
});

export const notFound = (resource: string, name: string): Reply =>
  failure(404, `${resource} "${name}" not found`, { name, kind: resource });

/** What a JSON patch that does not apply is answered: without any detail, unlike an object that is invalid. */
export const patchNotApplied = (): Reply =>
  failure(422, 'the server rejected our request due to an error in our request');
