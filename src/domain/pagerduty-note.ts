/** A note that Firebreak writes in PagerDuty says so first: it is found again by that, and not taken for news. */
export const ownNoteMark = (incidentId: string, seq: number): string => `[Firebreak ${incidentId} #${seq}]`;

const MARK = /^\s*\[Firebreak INC-\d{8}-\d{6}(?:-\d+)? #\d+\]/;

export const isOwnNote = (content: string): boolean => MARK.test(content);
